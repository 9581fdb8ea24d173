//! What a row of the table is made of: the forms that options take in C memory, and who may use them.
//!
//! Invariant: a rule about lengths, limits or NULL that two options share is written here, once.

use super::{Effect, Options, Value};
use crate::errno::Errno;

/// The numbers of the socket types (`ZMQ_PAIR` and so on).
pub mod kind {
    #![allow(missing_docs)]
    pub const PAIR: i32 = 0;
    pub const PUB: i32 = 1;
    pub const SUB: i32 = 2;
    pub const REQ: i32 = 3;
    pub const REP: i32 = 4;
    pub const DEALER: i32 = 5;
    pub const ROUTER: i32 = 6;
    pub const PULL: i32 = 7;
    pub const PUSH: i32 = 8;
    pub const XPUB: i32 = 9;
    pub const XSUB: i32 = 10;
    pub const STREAM: i32 = 11;
    pub const SERVER: i32 = 12;
    pub const CLIENT: i32 = 13;
    pub const RADIO: i32 = 14;
    pub const DISH: i32 = 15;
    pub const GATHER: i32 = 16;
    pub const SCATTER: i32 = 17;
    pub const DGRAM: i32 = 18;
    pub const PEER: i32 = 19;
    pub const CHANNEL: i32 = 20;
}

/// A set of socket types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kinds(u32);

impl Kinds {
    /// No socket type.
    pub const NONE: Kinds = Kinds(0);
    /// Every socket type.
    pub const ALL: Kinds = Kinds((1 << (kind::CHANNEL + 1)) - 1);
    /// The types that libzmq builds on its thread-safe socket.
    pub const THREAD_SAFE: Kinds = Kinds::of(&[
        kind::SERVER,
        kind::CLIENT,
        kind::RADIO,
        kind::DISH,
        kind::GATHER,
        kind::SCATTER,
        kind::PEER,
        kind::CHANNEL,
    ]);

    /// The set of these socket types.
    pub const fn of(kinds: &[i32]) -> Kinds {
        let mut bits = 0;
        let mut at = 0;
        while at < kinds.len() {
            bits |= 1 << kinds[at];
            at += 1;
        }
        Kinds(bits)
    }

    /// Whether the socket type is in the set; numbers that are no socket type are in none.
    pub const fn contains(self, kind: i32) -> bool {
        kind >= 0 && kind < 32 && self.0 & (1 << kind) != 0
    }

    /// Every socket type that is not in this set.
    pub const fn others(self) -> Kinds {
        Kinds(Kinds::ALL.0 & !self.0)
    }
}

/// What the build must have for an option to be there at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Always there.
    Nothing,
    /// Only with the draft API.
    Draft,
    /// Only with the GSSAPI mechanism.
    Gssapi,
    /// Only with WebSocket over TLS.
    Wss,
    /// Only with the NORM transport, which this library does not have.
    Norm,
    /// Only with the VMCI transport, which is in builds with the draft API.
    Vmci,
}

impl Needs {
    /// Whether this build has it. An option whose need is not met answers `EINVAL`, as in a libzmq
    /// that was built without the part.
    pub const fn met(self) -> bool {
        match self {
            Needs::Nothing => true,
            Needs::Draft | Needs::Vmci => cfg!(feature = "draft"),
            Needs::Gssapi => cfg!(feature = "gssapi"),
            Needs::Wss => cfg!(feature = "wss"),
            Needs::Norm => false,
        }
    }
}

/// Where in [`Options`] a value lives.
pub struct Field<T: 'static> {
    /// Reads it.
    pub get: fn(&Options) -> &T,
    /// Finds it for writing.
    pub get_mut: fn(&mut Options) -> &mut T,
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Field<T> {
        *self
    }
}

impl<T> Copy for Field<T> {}

/// How a string of octets may be set, beyond its lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Null {
    /// NULL with length 0 is refused.
    Refused,
    /// NULL with length 0 empties the option.
    Clears,
    /// NULL with length 0 is accepted and leaves the value alone; the row's `then` acts on it.
    Kept,
}

/// The form of an option's value.
#[derive(Clone, Copy)]
pub enum Shape {
    /// An `int` within limits.
    Int {
        /// Where it lives.
        field: Field<i32>,
        /// What a new socket has.
        default: i32,
        /// The least and the greatest value accepted.
        limits: (i32, i32),
    },
    /// An `int` of which only zero or not zero is kept.
    Flag {
        /// Where it lives.
        field: Field<bool>,
        /// What a new socket has.
        default: bool,
        /// The least and the greatest value accepted.
        limits: (i32, i32),
    },
    /// An `int64_t`, any value.
    Long {
        /// Where it lives.
        field: Field<i64>,
        /// What a new socket has.
        default: i64,
    },
    /// A `uint64_t`, any value; 0 at first.
    Bitmap(
        /// Where it lives.
        Field<u64>,
    ),
    /// Octets; empty at first.
    Bytes {
        /// Where they live.
        field: Field<Vec<u8>>,
        /// The least and the greatest number of octets accepted.
        lengths: (usize, usize),
        /// What NULL with length 0 does.
        null: Null,
    },
    /// The same, but read with a NUL behind it that counts.
    Text {
        /// Where they live.
        field: Field<Vec<u8>>,
        /// The least and the greatest number of octets accepted.
        lengths: (usize, usize),
        /// What NULL with length 0 does.
        null: Null,
    },
    /// A CURVE key: 32 octets or 40 characters of Z85; all zero at first.
    Key(
        /// Where it lives.
        Field<[u8; 32]>,
    ),
    /// None of these: functions of its own.
    Custom {
        /// Checks and stores an argument.
        set: Setter,
        /// Reads the value.
        get: Getter,
    },
    /// Nothing is stored: the socket answers, with an `int`.
    Live,
}

/// Checks and stores the argument of an option that has code of its own.
pub type Setter = for<'a> fn(&mut Options, Argument<'a>) -> Result<Effect<'a>, Errno>;
/// Reads an option that has code of its own.
pub type Getter = for<'a> fn(&'a Options) -> Value<'a>;

/// What the socket has to do after an option was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Nothing.
    None,
    /// Give its pipes the new high-water marks.
    Hwm,
    /// Tell its pattern, by number.
    Pattern,
}

/// One option.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its number.
    pub number: i32,
    /// Its name, without `ZMQ_`.
    pub name: &'static str,
    /// Its meaning and unit.
    pub about: &'static str,
    /// The form of its value.
    pub shape: Shape,
    /// The socket types on which it may be set.
    pub set: Kinds,
    /// The socket types on which it may be read.
    pub get: Kinds,
    /// What the build must have for it.
    pub needs: Needs,
    /// Whether it is read into any buffer of at least four octets, not into exactly four.
    pub roomy: bool,
    /// What storing it changes beside it; told whether the argument was NULL.
    pub then: Option<fn(&mut Options, bool)>,
    /// What the socket has to do after it was stored.
    pub reaction: Reaction,
}

/// How rows are written in the table.
impl Row {
    /// A row of this shape, for every socket type, to be set and read.
    pub(super) const fn new(shape: Shape) -> Row {
        Row {
            number: 0,
            name: "",
            about: "",
            shape,
            set: Kinds::ALL,
            get: Kinds::ALL,
            needs: Needs::Nothing,
            roomy: false,
            then: None,
            reaction: Reaction::None,
        }
    }

    /// Can be set on these socket types only.
    pub(super) const fn set_on(self, kinds: Kinds) -> Row {
        Row { set: kinds, ..self }
    }

    /// Can be read on these socket types only.
    pub(super) const fn read_on(self, kinds: Kinds) -> Row {
        Row { get: kinds, ..self }
    }

    /// Kept by the pattern of these socket types: set on them only, read on none, and they are told.
    pub(super) const fn pattern(self, kinds: Kinds) -> Row {
        Row {
            set: kinds,
            get: Kinds::NONE,
            reaction: Reaction::Pattern,
            ..self
        }
    }

    /// Cannot be read.
    pub(super) const fn write_only(self) -> Row {
        self.read_on(Kinds::NONE)
    }

    /// Cannot be set.
    pub(super) const fn read_only(self) -> Row {
        self.set_on(Kinds::NONE)
    }

    /// There only in builds that have this.
    pub(super) const fn needs(self, needs: Needs) -> Row {
        Row { needs, ..self }
    }

    /// Read into any buffer of at least four octets.
    pub(super) const fn roomy(self) -> Row {
        Row {
            roomy: true,
            ..self
        }
    }

    /// Changes something else, too.
    pub(super) const fn then(self, then: fn(&mut Options, bool)) -> Row {
        Row {
            then: Some(then),
            ..self
        }
    }

    /// The socket acts on it.
    pub(super) const fn reaction(self, reaction: Reaction) -> Row {
        Row { reaction, ..self }
    }
}

/// What a caller handed in: octets, or NULL with a length.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    value: Option<&'a [u8]>,
}

impl<'a> Argument<'a> {
    /// `EINVAL` for NULL with a length other than 0 (libzmq would read from it) and for a length
    /// that is not the octets' own.
    pub(super) fn new(value: Option<&'a [u8]>, length: usize) -> Result<Argument<'a>, Errno> {
        match value {
            Some(octets) if octets.len() != length => Err(Errno::EINVAL),
            None if length != 0 => Err(Errno::EINVAL),
            value => Ok(Argument { value }),
        }
    }

    /// Whether it is NULL.
    pub(super) fn is_null(self) -> bool {
        self.value.is_none()
    }

    /// The octets; NULL is none.
    pub(super) fn octets(self) -> &'a [u8] {
        self.value.unwrap_or_default()
    }

    /// The argument as an `int`: exactly four octets.
    pub(super) fn int(self) -> Result<i32, Errno> {
        Ok(i32::from_ne_bytes(self.exactly()?))
    }

    /// An `int` within limits.
    pub(super) fn int_within(self, limits: (i32, i32)) -> Result<i32, Errno> {
        let value = self.int()?;
        if value < limits.0 || value > limits.1 {
            return Err(Errno::EINVAL);
        }
        Ok(value)
    }

    /// Exactly `N` octets.
    pub(super) fn exactly<const N: usize>(self) -> Result<[u8; N], Errno> {
        self.octets().try_into().map_err(|_| Errno::EINVAL)
    }

    /// Octets by the rules of [`Shape::Bytes`] and [`Shape::Text`]; `None` leaves the value alone.
    /// `ENOMEM` when there is no room for a copy.
    pub(super) fn bytes(
        self,
        lengths: (usize, usize),
        null: Null,
    ) -> Result<Option<Vec<u8>>, Errno> {
        match self.value {
            None => match null {
                Null::Refused => Err(Errno::EINVAL),
                Null::Clears => Ok(Some(Vec::new())),
                Null::Kept => Ok(None),
            },
            Some(octets) if octets.len() < lengths.0 || octets.len() > lengths.1 => {
                Err(Errno::EINVAL)
            }
            Some(octets) => copy(octets).map(Some),
        }
    }

    /// A CURVE key: 32 octets, 40 characters of Z85, or 40 and a NUL.
    pub(super) fn key(self) -> Result<[u8; 32], Errno> {
        let octets = self.octets();
        let text = match octets.len() {
            32 => return self.exactly(),
            40 => octets,
            41 if octets[40] == 0 => &octets[..40],
            _ => return Err(Errno::EINVAL),
        };
        let mut key = [0; 32];
        crate::z85::decode_into(text, &mut key).ok_or(Errno::EINVAL)?;
        Ok(key)
    }
}

/// A copy of octets whose number the caller chose: `ENOMEM` when there is no room.
pub(super) fn copy(octets: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(octets.len())
        .map_err(|_| Errno::ENOMEM)?;
    copy.extend_from_slice(octets);
    Ok(copy)
}
