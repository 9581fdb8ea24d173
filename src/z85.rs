//! Z85 (RFC 32/Z85): binary data as printable text, five characters for four octets.
//!
//! Invariant: `decode` undoes `encode`, and refuses every text that `encode` cannot have written.

/// The digits, least value first (RFC 32, "Formal Specification").
const DIGITS: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// What a character that is no digit has in [`VALUES`].
const NONE: u8 = 0xff;

/// The value of each character, or [`NONE`].
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Characters that `octets` octets become; `None` when they are no multiple of four, as RFC 32 demands.
pub fn encoded_len(octets: usize) -> Option<usize> {
    octets
        .is_multiple_of(4)
        .then_some(octets / 4)?
        .checked_mul(5)
}

/// Octets that `characters` characters stand for; `None` when they are no multiple of five, or none.
///
/// COMPAT: the empty text is refused although the empty data encodes to it.
pub fn decoded_len(characters: usize) -> Option<usize> {
    (characters != 0 && characters.is_multiple_of(5)).then_some(characters / 5 * 4)
}

/// Writes the text for `data` to the front of `text` (without a NUL) and tells how long it is.
///
/// `None`, with nothing written, when `data` is no multiple of four octets or `text` is too short.
pub fn encode_into(data: &[u8], text: &mut [u8]) -> Option<usize> {
    let length = encoded_len(data.len())?;
    let text = text.get_mut(..length)?;
    for (block, digits) in data.chunks_exact(4).zip(text.chunks_exact_mut(5)) {
        let mut rest = u32::from_be_bytes([block[0], block[1], block[2], block[3]]);
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[(rest % 85) as usize];
            rest /= 85;
        }
    }
    Some(length)
}

/// Writes the data that `text` (without a NUL) stands for to the front of `data` and tells how long
/// it is.
///
/// `None` when `text` is empty or no multiple of five characters, has a character that is no Z85
/// digit, a block above 2^32 - 1, or when `data` is too short; `data` may then be partly written.
pub fn decode_into(text: &[u8], data: &mut [u8]) -> Option<usize> {
    let length = decoded_len(text.len())?;
    let data = data.get_mut(..length)?;
    for (digits, block) in text.chunks_exact(5).zip(data.chunks_exact_mut(4)) {
        let mut sum = 0u32;
        for &digit in digits {
            let value = VALUES[digit as usize];
            if value == NONE {
                return None;
            }
            sum = sum.checked_mul(85)?.checked_add(u32::from(value))?;
        }
        block.copy_from_slice(&sum.to_be_bytes());
    }
    Some(length)
}

/// The text for `data`; `None` when `data` is no multiple of four octets.
pub fn encode(data: &[u8]) -> Option<String> {
    let mut text = vec![0; encoded_len(data.len())?];
    encode_into(data, &mut text)?;
    String::from_utf8(text).ok()
}

/// The data that `text` stands for; `None` when `text` is no Z85, see [`decode_into`].
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut data = vec![0; decoded_len(text.len())?];
    decode_into(text, &mut data)?;
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 32, "Test Case".
    const HELLO: [u8; 8] = [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b];

    #[test]
    fn the_case_of_the_rfc() {
        assert_eq!(encode(&HELLO).as_deref(), Some("HelloWorld"));
        assert_eq!(decode(b"HelloWorld").as_deref(), Some(&HELLO[..]));
    }

    #[test]
    fn lengths() {
        assert_eq!(encode(b"").as_deref(), Some(""));
        for length in 0..40 {
            let data = vec![0xa5; length];
            assert_eq!(encode(&data).is_some(), length % 4 == 0, "{length} octets");
            let text = vec![b'1'; length];
            assert_eq!(
                decode(&text).is_some(),
                length % 5 == 0 && length != 0,
                "{length} characters"
            );
        }
    }

    #[test]
    fn room() {
        assert_eq!(encode_into(&HELLO, &mut [0; 9]), None);
        assert_eq!(decode_into(b"HelloWorld", &mut [0; 7]), None);
        let mut room = [b'.'; 12];
        assert_eq!(encode_into(&HELLO, &mut room), Some(10));
        assert_eq!(&room, b"HelloWorld..");
    }

    #[test]
    fn characters_that_are_no_digits() {
        for character in 0..=u8::MAX {
            let text = [b'0', b'0', character, b'0', b'0'];
            assert_eq!(
                decode(&text).is_some(),
                DIGITS.contains(&character),
                "{character:#x}"
            );
        }
    }

    #[test]
    fn blocks_above_32_bits() {
        assert_eq!(decode(b"%nSc0").as_deref(), Some(&[0xff; 4][..]));
        assert_eq!(decode(b"%nSc1"), None);
        assert_eq!(decode(b"#####"), None);
        assert_eq!(decode(b"00000#####"), None);
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(data in prop::collection::vec(any::<[u8; 4]>(), 1..40)) {
            let data = data.concat();
            let text = encode(&data).expect("a multiple of four octets");
            prop_assert_eq!(decode(text.as_bytes()), Some(data));
        }

        #[test]
        fn what_decodes_was_encoded(text in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(data) = decode(&text) {
                prop_assert_eq!(encode(&data).map(String::into_bytes), Some(text));
            }
        }
    }
}
