//! The certificates of the TLS listeners, made anew at every start.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;

use crate::StartError;

const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// An authority of the stand-in's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Result<Self, StartError> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = "wts-stand-in test authority";
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self(issuer))
    }

    /// What clients have to trust.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// TLS with a certificate that is in order.
    pub(crate) fn valid(&self) -> Result<TlsAcceptor, StartError> {
        self.issue(leaf(&HERE)?)
    }

    /// TLS with a certificate that has run out.
    pub(crate) fn expired(&self) -> Result<TlsAcceptor, StartError> {
        let mut params = leaf(&HERE)?;
        params.not_before -= Duration::days(60);
        params.not_after = OffsetDateTime::now_utc() - Duration::days(30);
        self.issue(params)
    }

    /// TLS with a certificate for another host.
    pub(crate) fn for_another_host(&self) -> Result<TlsAcceptor, StartError> {
        self.issue(leaf(&["another.example"])?)
    }

    fn issue(&self, params: CertificateParams) -> Result<TlsAcceptor, StartError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        acceptor(certificate.der().clone(), &key)
    }
}

/// TLS with a certificate that nobody vouches for.
pub(crate) fn self_signed() -> Result<TlsAcceptor, StartError> {
    let key = KeyPair::generate()?;
    let certificate = leaf(&HERE)?.self_signed(&key)?;
    acceptor(certificate.der().clone(), &key)
}

fn leaf(names: &[&str]) -> Result<CertificateParams, StartError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
    Ok(params)
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> Result<TlsAcceptor, StartError> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
