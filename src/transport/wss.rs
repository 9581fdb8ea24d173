//! The wss scheme: WebSocket over TLS over tcp.
//!
//! Invariant: but for TLS it is ws. What a socket shows and trusts is made up once for each endpoint,
//! when it is bound or connected.

use super::{Family, ws};
use crate::errno::Errno;
use crate::options::Options;
use crate::proto::tls::{Credentials, system_trust};

/// The row of [`super::FAMILIES`].
pub(super) const FAMILY: Family = Family {
    scheme: "wss",
    credentials: Some(credentials),
    ..ws::FAMILY
};

fn credentials(connected_to: Option<&str>, options: &Options) -> Result<Credentials, Errno> {
    let Some(address) = connected_to else {
        return Credentials::server(&options.wss_cert_pem, &options.wss_key_pem);
    };
    let (host, _) = (FAMILY.destination).map_or(Err(Errno::EINVAL), |split| split(address))?;
    let system = options.wss_trust_system.then(system_trust);
    Credentials::client(&options.wss_trust_pem, system, &options.wss_hostname, host)
}
