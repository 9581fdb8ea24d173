//! Whether a server is the one that we mean.
//!
//! Invariant: without a trusted certificate nobody is believed. A certificate is taken apart here
//! only after it was found to be trusted; until then that is webpki's affair.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;

/// See the module.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// Who may vouch for a server.
    pub(super) roots: RootCertStore,
    /// Which certificates a server may show itself. They are among the roots, too.
    pub(super) pinned: Vec<CertificateDer<'static>>,
    pub(super) asks_for_name: bool,
    /// Whether a certificate without a subjectAltName may name the server in its subject.
    pub(super) takes_common_names: bool,
}

impl Verifier {
    /// Whether a certificate says that it is this server's.
    fn check_name(
        &self,
        shown: &CertificateDer<'_>,
        parsed: &ParsedCertificate<'_>,
        name: &ServerName<'_>,
    ) -> Result<(), Error> {
        if !self.asks_for_name {
            return Ok(());
        }
        match verify_server_name(parsed, name) {
            // COMPAT: RFC 9525, 2 has it no more; certificates made for libzmq have nothing else.
            Err(_) if self.takes_common_names && has_common_name(shown, name) => Ok(()),
            result => result,
        }
    }
}

fn parse(shown: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(shown).map_err(|_| CertificateError::BadEncoding.into())
}

/// Whether today is one of the days of a certificate.
fn check_dates(certificate: &Certificate, now: UnixTime) -> Result<(), Error> {
    let validity = certificate.tbs_certificate().validity();
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs() {
        Err(CertificateError::NotValidYet.into())
    } else if now > validity.not_after.to_unix_duration().as_secs() {
        Err(CertificateError::Expired.into())
    } else {
        Ok(())
    }
}

/// Whether a certificate has no name but the one of its subject, and that is this one.
fn has_common_name(shown: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let Ok(certificate) = parse(shown) else {
        return false;
    };
    let certificate = certificate.tbs_certificate();
    let has_names = !matches!(certificate.get_extension::<SubjectAltName>(), Ok(None));
    let ServerName::DnsName(name) = name else {
        return false;
    };
    match certificate.subject().common_name() {
        Ok(Some(own)) if !has_names => own.value().eq_ignore_ascii_case(name.as_ref()),
        _ => false,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(shown)?;
        if self.pinned.iter().any(|pinned| pinned == shown) {
            // Nobody has to vouch for what is trusted itself, be it a root's own.
            check_dates(&parse(shown)?, now)?;
        } else {
            verify_server_cert_signed_by_trust_anchor(
                &parsed,
                &self.roots,
                between,
                now,
                self.algorithms.all,
            )?;
        }
        self.check_name(shown, &parsed, name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
