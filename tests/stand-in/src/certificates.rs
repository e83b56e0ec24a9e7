//! The certificates of the TLS listeners, made anew at every start.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
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

    /// How to accept TLS with each kind of certificate, by the name of its listener.
    pub(crate) fn acceptors(&self) -> Result<Vec<(&'static str, TlsAcceptor)>, StartError> {
        Ok(vec![
            ("tls", self.valid()?),
            ("tls_expired", self.expired()?),
            ("tls_wrong_name", self.for_another_host()?),
            ("tls_unknown_authority", self_signed()?),
            ("tls_client_certificate", self.for_clients_with_a_certificate()?),
        ])
    }

    /// TLS with a certificate that is in order.
    fn valid(&self) -> Result<TlsAcceptor, StartError> {
        self.issue(leaf(&HERE)?)
    }

    /// TLS with a certificate that has run out.
    fn expired(&self) -> Result<TlsAcceptor, StartError> {
        let mut params = leaf(&HERE)?;
        params.not_before -= Duration::days(60);
        params.not_after = OffsetDateTime::now_utc() - Duration::days(30);
        self.issue(params)
    }

    /// TLS with a certificate for another host.
    fn for_another_host(&self) -> Result<TlsAcceptor, StartError> {
        self.issue(leaf(&["another.example"])?)
    }

    /// TLS with a certificate that is in order, for clients that have one of this authority too.
    fn for_clients_with_a_certificate(&self) -> Result<TlsAcceptor, StartError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone())?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
        let key = KeyPair::generate()?;
        let certificate = leaf(&HERE)?.signed_by(&key, &self.0)?;
        acceptor(certificate.der().clone(), &key, clients)
    }

    fn issue(&self, params: CertificateParams) -> Result<TlsAcceptor, StartError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        acceptor(certificate.der().clone(), &key, WebPkiClientVerifier::no_client_auth())
    }
}

/// TLS with a certificate that nobody vouches for.
fn self_signed() -> Result<TlsAcceptor, StartError> {
    let key = KeyPair::generate()?;
    let certificate = leaf(&HERE)?.self_signed(&key)?;
    acceptor(certificate.der().clone(), &key, WebPkiClientVerifier::no_client_auth())
}

fn leaf(names: &[&str]) -> Result<CertificateParams, StartError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
    Ok(params)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn acceptor(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<TlsAcceptor, StartError> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
