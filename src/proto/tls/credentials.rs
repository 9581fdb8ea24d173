//! What an endpoint shows of itself, or trusts, out of the options `ZMQ_WSS_*`.
//!
//! Invariant: what is no certificate, no key, or no pair of both, is found when the endpoint is
//! bound or connected, and not when a peer comes.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, Ipv4Addr, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::verifier::Verifier;
use crate::errno::Errno;

/// The largest record that we send: so much in it, and its header.
// COMPAT: libzmq reads so much at once, and forgets the rest of a larger record until more comes.
const LARGEST_RECORD: Option<usize> = Some(8192 + 5);

/// What one endpoint needs for TLS; cheap to clone.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Shows a certificate to everybody who connects.
    Server(Arc<ServerConfig>),
    /// Connects to a server of this name.
    Client {
        /// Whom to trust.
        config: Arc<ClientConfig>,
        /// What the server is asked for, and perhaps checked against.
        name: ServerName<'static>,
    },
}

/// The certificates that the system trusts; none if it has none to read. Reads files.
pub fn system_trust() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// All certificates of a PEM text, what else stands there left out. `EINVAL` if there are none, or
/// if one of them is malformed.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Errno> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    all.ok().filter(|all| !all.is_empty()).ok_or(Errno::EINVAL)
}

/// A name as the options have it: none if it is empty.
fn name(text: &[u8]) -> Result<Option<ServerName<'static>>, Errno> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(text).map_err(|_| Errno::EINVAL)?;
    let name = ServerName::try_from(text).map_err(|_| Errno::EINVAL)?;
    Ok(Some(name.to_owned()))
}

impl Credentials {
    /// A server with this certificate (and those between it and a root) and this key, in PEM.
    ///
    /// `EINVAL` if there is not one of both, or they do not belong together, or the key is of a kind
    /// that this library cannot sign with. (libzmq ends the process.)
    pub fn server(certificate: &[u8], key: &[u8]) -> Result<Credentials, Errno> {
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Errno::EINVAL)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|_| Errno::EINVAL)?;
        config.max_fragment_size = LARGEST_RECORD;
        Ok(Credentials::Server(Arc::new(config)))
    }

    /// A client that trusts the certificates of a PEM text (`trusted`, empty for none) and, if they
    /// are given, those of the system. The server must be called `hostname`. With an empty one it
    /// must be called as the `host` that is connected to, if the system is trusted: anybody gets
    /// himself certified there. Else it is not asked for its name.
    ///
    /// `EINVAL` for what is no certificate, or cannot be a name.
    // COMPAT: libzmq asks for no name if none is given, whomever it trusts.
    pub fn client(
        trusted: &[u8],
        system: Option<Vec<CertificateDer<'static>>>,
        hostname: &[u8],
        host: &str,
    ) -> Result<Credentials, Errno> {
        let mut roots = RootCertStore::empty();
        let pinned = match trusted.is_empty() {
            true => Vec::new(),
            false => certificates(trusted)?,
        };
        for certificate in &pinned {
            roots.add(certificate.clone()).map_err(|_| Errno::EINVAL)?;
        }
        let asks_system = system.is_some();
        roots.add_parsable_certificates(system.into_iter().flatten());
        let (name, checked) = match (name(hostname)?, name(host.as_bytes())) {
            (Some(name), _) => (name, true),
            (None, Ok(Some(name))) => (name, asks_system),
            (None, _) if asks_system => return Err(Errno::EINVAL),
            // Any that is not sent will do.
            (None, _) => (IpAddr::V4(Ipv4Addr::from([0; 4])).into(), false),
        };
        let provider = provider();
        let verifier = Verifier {
            algorithms: provider.signature_verification_algorithms,
            roots,
            pinned,
            asks_for_name: checked,
            // What the system trusts has had better names for decades.
            takes_common_names: !asks_system,
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Errno::EINVAL)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.max_fragment_size = LARGEST_RECORD;
        Ok(Credentials::Client {
            config: Arc::new(config),
            name,
        })
    }
}
