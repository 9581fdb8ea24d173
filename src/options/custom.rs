//! Options that the forms of `shape` do not cover, and what some others change beside themselves.
//!
//! Invariant: nothing here looks at lengths that [`Argument`] can check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::shape::{Argument, copy, kind};
use super::{Effect, MECHANISM_CURVE, MECHANISM_GSSAPI, MECHANISM_NULL, MECHANISM_PLAIN};
use super::{Options, Value};
use crate::errno::Errno;

/// The setter of options that cannot be set.
pub(super) fn refuse<'a>(_: &mut Options, _: Argument<'a>) -> Result<Effect<'a>, Errno> {
    Err(Errno::EINVAL)
}

/// The getter of options that cannot be read; the row keeps callers away from it.
pub(super) fn nothing(_: &Options) -> Value<'_> {
    Value::Bytes(&[])
}

/// SUB takes topics always, publishers in manual mode only.
fn takes_topics(options: &Options) -> Result<(), Errno> {
    if options.kind == kind::SUB || options.xpub_manual {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

pub(super) fn subscribe<'a>(
    options: &mut Options,
    topic: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    takes_topics(options)?;
    Ok(Effect::Subscribe(topic.octets()))
}

pub(super) fn unsubscribe<'a>(
    options: &mut Options,
    topic: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    takes_topics(options)?;
    Ok(Effect::Unsubscribe(topic.octets()))
}

pub(super) fn set_ipv4only<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    options.ipv6 = argument.int_within((0, 1))? == 0;
    Ok(Effect::None)
}

pub(super) fn ipv4only(options: &Options) -> Value<'_> {
    Value::Int(i32::from(!options.ipv6))
}

pub(super) fn last_endpoint(options: &Options) -> Value<'_> {
    Value::Text(options.last_endpoint.as_bytes())
}

pub(super) fn thread_safe(options: &Options) -> Value<'_> {
    Value::Int(i32::from(options.is_thread_safe()))
}

/// Whether the socket is a server is one fact for all mechanisms, as in libzmq: choosing another
/// mechanism by a key or a name keeps it.
fn set_server(
    options: &mut Options,
    argument: Argument<'_>,
    mechanism: i32,
    otherwise: i32,
) -> Result<(), Errno> {
    options.as_server = argument.int_within((0, 1))? != 0;
    options.mechanism = if options.as_server {
        mechanism
    } else {
        otherwise
    };
    Ok(())
}

fn server(options: &Options, mechanism: i32) -> Value<'_> {
    Value::Int(i32::from(
        options.as_server && options.mechanism == mechanism,
    ))
}

pub(super) fn set_plain_server<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    set_server(options, argument, MECHANISM_PLAIN, MECHANISM_NULL)?;
    Ok(Effect::None)
}

pub(super) fn plain_server(options: &Options) -> Value<'_> {
    server(options, MECHANISM_PLAIN)
}

/// A name or password makes the socket a client of PLAIN. COMPAT: NULL leaves both name and
/// password, and the server's part, as they were, and only chooses the mechanism NULL.
pub(super) fn plain_client(options: &mut Options, null: bool) {
    if null {
        options.mechanism = MECHANISM_NULL;
    } else {
        options.as_server = false;
        options.mechanism = MECHANISM_PLAIN;
    }
}

pub(super) fn set_curve_server<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    set_server(options, argument, MECHANISM_CURVE, MECHANISM_NULL)?;
    Ok(Effect::None)
}

pub(super) fn curve_server(options: &Options) -> Value<'_> {
    server(options, MECHANISM_CURVE)
}

/// A key of its own chooses CURVE, and leaves open whether the socket is client or server.
pub(super) fn curve(options: &mut Options, _: bool) {
    options.mechanism = MECHANISM_CURVE;
}

/// The server's key makes the socket a client of CURVE.
pub(super) fn curve_client(options: &mut Options, _: bool) {
    options.mechanism = MECHANISM_CURVE;
    options.as_server = false;
}

/// COMPAT: GSSAPI stays chosen when the socket is told not to be its server.
pub(super) fn set_gssapi_server<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    set_server(options, argument, MECHANISM_GSSAPI, MECHANISM_GSSAPI)?;
    Ok(Effect::None)
}

pub(super) fn gssapi_server(options: &Options) -> Value<'_> {
    server(options, MECHANISM_GSSAPI)
}

/// The own principal chooses GSSAPI, and leaves open whether the socket is client or server.
pub(super) fn gssapi(options: &mut Options, _: bool) {
    options.mechanism = MECHANISM_GSSAPI;
}

/// The server's principal makes the socket a client of GSSAPI.
pub(super) fn gssapi_client(options: &mut Options, _: bool) {
    options.mechanism = MECHANISM_GSSAPI;
    options.as_server = false;
}

pub(super) fn set_ipc_filter_pid<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    add_to_filter(&mut options.ipc_filter_pid, argument)
}

pub(super) fn set_ipc_filter_uid<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    add_to_filter(&mut options.ipc_filter_uid, argument)
}

pub(super) fn set_ipc_filter_gid<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    add_to_filter(&mut options.ipc_filter_gid, argument)
}

fn add_to_filter<'a>(filter: &mut Vec<i32>, argument: Argument<'a>) -> Result<Effect<'a>, Errno> {
    if argument.is_null() {
        filter.clear();
        return Ok(Effect::None);
    }
    let id = argument.int()?;
    if !filter.contains(&id) {
        filter.push(id);
    }
    Ok(Effect::None)
}

/// COMPAT: kept in tenths of a second, so negative values above -100 are 0.
pub(super) fn set_heartbeat_ttl<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    const TENTH: i32 = 100;
    // ZMTP 3.1, "PING": the time is a 16-bit number of tenths of a second.
    const LAST: i32 = u16::MAX as i32 * TENTH + TENTH - 1;
    let value = argument.int_within((1 - TENTH, LAST))?;
    options.heartbeat_ttl = value / TENTH * TENTH;
    Ok(Effect::None)
}

pub(super) fn heartbeat_ttl(options: &Options) -> Value<'_> {
    Value::Int(options.heartbeat_ttl)
}

/// `X-name:value`; the name may be empty behind the `X-`, the value may not, and a name that is
/// there gets the new value. COMPAT: four octets are never accepted, for libzmq takes them for an
/// `int`.
pub(super) fn set_metadata<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    // ZMTP 3.1, "property": the name's length is one octet.
    const LONGEST_NAME: usize = 255;
    let text = argument.octets();
    let colon = text.iter().position(|&octet| octet == b':');
    let (name, value) = text.split_at(colon.ok_or(Errno::EINVAL)?);
    let value = &value[1..];
    if text.len() == 4 || !name.starts_with(b"X-") || name.len() > LONGEST_NAME || value.is_empty()
    {
        return Err(Errno::EINVAL);
    }
    let (name, value) = (copy(name)?, copy(value)?);
    match options.metadata.iter_mut().find(|known| known.0 == name) {
        Some(known) => known.1 = value,
        None => options.metadata.push((name, value)),
    }
    Ok(Effect::None)
}

/// The two verbosities are one setting with three values: the last that was set counts.
pub(super) fn xpub_verbose(options: &mut Options, _: bool) {
    options.xpub_verboser = false;
}

/// See [`xpub_verbose`].
pub(super) fn xpub_verboser(options: &mut Options, _: bool) {
    options.xpub_verbose = options.xpub_verboser;
}

/// Switches the manual mode along.
pub(super) fn xpub_manual_last_value(options: &mut Options, _: bool) {
    options.xpub_manual = options.xpub_manual_last_value;
}

/// COMPAT: any length is accepted. libzmq reads an `int` whatever the length; here the octets that
/// are missing count as 0, and NULL is refused.
pub(super) fn set_xsub_verbose_unsubscribe<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    if argument.is_null() {
        return Err(Errno::EINVAL);
    }
    let octets = argument.octets();
    options.xsub_verbose_unsubscribe = octets.iter().take(4).any(|&octet| octet != 0);
    Ok(Effect::Pattern(super::number::XSUB_VERBOSE_UNSUBSCRIBE))
}

pub(super) fn set_tcp_accept_filter<'a>(
    options: &mut Options,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    if argument.is_null() {
        options.tcp_accept_filter.clear();
        return Ok(Effect::None);
    }
    let rule = filter_rule(argument.octets(), options.ipv6).ok_or(Errno::EINVAL)?;
    if !options.tcp_accept_filter.contains(&rule) {
        options.tcp_accept_filter.push(rule);
    }
    Ok(Effect::None)
}

/// An address and the length of its prefix in bits.
///
/// COMPAT: with IPV6 set, libzmq writes IPv4 addresses as IPv6 ones and counts the prefix in 128
/// bits. Here 32 and less counts in the 32 bits of IPv4 all the same, for that is what is meant;
/// from 96 on it is understood as libzmq does, and between it takes in all of IPv4, as there.
fn filter_rule(text: &[u8], ipv6: bool) -> Option<(IpAddr, u8)> {
    let text = text.split(|&octet| octet == 0).next()?;
    let text = str::from_utf8(text).ok()?;
    // The prefix stands behind the last slash.
    let (address, prefix) = match text.rsplit_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address = filter_address(address, ipv6)?;
    let width = if ipv6 { 128 } else { 32 };
    let prefix = match prefix {
        None => return Some((address, if address.is_ipv4() { 32 } else { 128 })),
        Some("0") => 0,
        Some(prefix) => leading_number(prefix).filter(|prefix| (1..=width).contains(prefix))?,
    };
    let prefix = match (address, prefix) {
        (IpAddr::V4(_), 33..96) => 0,
        (IpAddr::V4(_), 96..) => prefix - 96,
        (_, prefix) => prefix,
    };
    Some((address, prefix))
}

/// A numeric address; names are not looked up.
fn filter_address(text: &str, ipv6: bool) -> Option<IpAddr> {
    let text = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Some(address) = ipv4(text) {
        return Some(IpAddr::V4(address));
    }
    let address: Ipv6Addr = text.parse().ok()?;
    ipv6.then_some(IpAddr::V6(address))
}

/// An IPv4 address in the forms of `inet_aton`: one to four parts, of which the last fills what is
/// left, each in decimal, octal (`0…`) or hexadecimal (`0x…`).
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = text.split('.').map(ipv4_part);
    let mut value = 0u32;
    let mut bits = 32;
    loop {
        let part = parts.next()??;
        let rest = parts.clone().next().is_some();
        if rest {
            bits -= 8;
            if bits == 0 {
                return None;
            }
            value |= u32::from(u8::try_from(part).ok()?) << bits;
        } else {
            return (u64::from(part) < 1 << bits).then(|| Ipv4Addr::from(value | part));
        }
    }
}

fn ipv4_part(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// The number at the front of a text, as C's `atoi` finds it; what follows is not looked at.
fn leading_number(text: &str) -> Option<u8> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}
