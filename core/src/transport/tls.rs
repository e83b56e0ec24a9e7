//! TLS: its settings, and how a certificate is verified.

#[cfg(feature = "ring")]
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
    WantsVerifier,
};

use super::authorities::{Authorities, Sources};
use super::proxy::Proxy;
use crate::error::Error;
use crate::per_process::PerProcess;

const MAX_KEPT: usize = 16;

/// Where connections go, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    /// Without path.
    server: Url,
    proxy: Option<Proxy>,
}

impl Route {
    pub(super) fn new(target: &Url, proxy: Option<&Proxy>) -> Self {
        let mut server = target.clone();
        server.set_path("");
        Self { server, proxy: proxy.cloned() }
    }
}

/// The settings that were used last. They hold the session tickets of their servers, so that another client on the same
/// route needs no full handshake.
static KEPT: PerProcess<Mutex<Vec<(Origin, ClientConfig)>>> = PerProcess::new();

/// What settings were made of.
#[derive(Debug)]
struct Origin {
    sources: Sources,
    /// None: anywhere.
    route: Option<Route>,
    provider: Arc<CryptoProvider>,
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        (&self.sources, &self.route) == (&other.sources, &other.route) && Arc::ptr_eq(&self.provider, &other.provider)
    }
}

/// TLS for a program in `language`, the same for all clients on this route.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when a variable of the environment names authorities of which none
/// can be read, or when there is no cryptography.
pub(super) fn config(language: &str, route: Option<Route>) -> Result<ClientConfig, Error> {
    let origin = Origin { sources: Sources::of_environment(language), route, provider: provider()? };
    let mut kept = KEPT.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
    let config = match kept.iter().position(|(other, _)| *other == origin) {
        Some(place) => kept.remove(place).1,
        None => new_config(&origin.sources, &origin.provider)?,
    };
    if kept.len() == MAX_KEPT {
        kept.remove(0);
    }
    kept.push((origin, config.clone()));
    Ok(config)
}

/// For clients that do not use TLS.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when there is no cryptography.
pub(super) fn unused() -> Result<ClientConfig, Error> {
    Ok(builder(&provider()?)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn new_config(sources: &Sources, provider: &Arc<CryptoProvider>) -> Result<ClientConfig, Error> {
    Ok(platform::with_verifier(builder(provider)?, sources, provider)?.with_no_client_auth())
}

fn builder(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid_config(format!("TLS can't be set up: {error}.")).with_source(error))
}

/// The provider that the program has installed for the whole process, or else *ring*.
fn provider() -> Result<Arc<CryptoProvider>, Error> {
    CryptoProvider::get_default().cloned().or_else(built_in).ok_or_else(|| {
        Error::invalid_config(
            "There is no cryptography: install a rustls provider for the process, or enable the feature `ring`.",
        )
    })
}

#[cfg(feature = "ring")]
fn built_in() -> Option<Arc<CryptoProvider>> {
    static RING: PerProcess<Arc<CryptoProvider>> = PerProcess::new();
    let make = || Ok::<_, Infallible>(Arc::new(rustls::crypto::ring::default_provider()));
    RING.get_or_make(make).ok().cloned()
}

#[cfg(not(feature = "ring"))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}

/// Verifies by the authorities in `sources`.
fn with_authorities(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    sources: &Sources,
    provider: &Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
    let verifier = Verifier::new(sources.authorities()?, provider)
        .map_err(|error| Error::internal("There is no certificate authority.").with_source(error))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)))
}

/// That of webpki: with the authorities that are known from the beginning, and if that fails, with those of the system's
/// folders besides.
#[derive(Debug)]
struct Verifier {
    authorities: Arc<Authorities>,
    provider: Arc<CryptoProvider>,
    first: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    fn new(authorities: Arc<Authorities>, provider: &Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        let first = webpki_verifier(authorities.read(), provider)?;
        Ok(Self { authorities, provider: Arc::clone(provider), first })
    }
}

fn webpki_verifier(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider)).build()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.first.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(error) = verified else { return verified };
        match self.authorities.with_folders().and_then(|all| webpki_verifier(all, &self.provider).ok()) {
            Some(all) => all.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.first.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.first.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.first.root_hint_subjects()
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod platform {
    pub(super) use super::with_authorities as with_verifier;
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod platform {
    use std::sync::Arc;

    use rustls::client::WantsClientCert;
    use rustls::crypto::CryptoProvider;
    use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
    use rustls_platform_verifier::Verifier;

    use super::{Sources, with_authorities};
    use crate::error::Error;

    /// The system's own verifier, unless a variable says which authorities count.
    pub(super) fn with_verifier(
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        sources: &Sources,
        provider: &Arc<CryptoProvider>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
        if sources.is_default()
            && let Ok(verifier) = Verifier::new(Arc::clone(provider))
        {
            return Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)));
        }
        with_authorities(builder, sources, provider)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::{env, fs, process};

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use reqwest::Url;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection};

    use super::{Route, Verifier, builder, config, provider};
    use crate::environment::with_variables;
    use crate::transport::authorities::Authorities;
    use crate::transport::proxy::Proxy;

    const HOST: &str = "api.example";

    /// An authority, and its certificate as a file. All have the same name, as one that was given a new key.
    struct Issuer {
        issuer: CertifiedIssuer<'static, KeyPair>,
        file: PathBuf,
    }

    impl Issuer {
        fn new(name: &str) -> Self {
            let mut params = CertificateParams::new([]).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let file = env::temp_dir().join(format!("wts-session-{}-{name}.pem", process::id()));
            fs::write(&file, issuer.pem()).unwrap();
            Self { issuer, file }
        }

        fn roots(&self) -> RootCertStore {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            roots
        }

        /// A server that this authority vouches for.
        fn server(&self) -> Arc<ServerConfig> {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new([HOST.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let config = ServerConfig::builder_with_provider(provider().unwrap())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key);
            Arc::new(config.unwrap())
        }

        /// The settings on `route` for a client that trusts this authority alone.
        fn client(&self, route: Option<Route>) -> ClientConfig {
            let file = OsString::from(&self.file);
            let named = move |name: &str| ["SSL_CERT_FILE", "SSL_CERT_DIR"].contains(&name).then(|| file.clone());
            with_variables(named, || config("rust", route).unwrap())
        }
    }

    impl Drop for Issuer {
        fn drop(&mut self) {
            fs::remove_file(&self.file).unwrap();
        }
    }

    fn route(server: &str, proxy: Option<&str>) -> Option<Route> {
        let target = Url::parse(server).unwrap();
        let named = |name: &str| proxy.filter(|_| name == "HTTPS_PROXY").map(ToOwned::to_owned);
        Some(Route::new(&target, Proxy::of_environment(&target, named).unwrap().as_ref()))
    }

    /// A handshake in memory, and the answer that brings the client its session tickets.
    fn handshake(client: ClientConfig, server: &Arc<ServerConfig>) -> Result<HandshakeKind, rustls::Error> {
        let host = ServerName::try_from(HOST).unwrap();
        let mut client = ClientConnection::new(Arc::new(client), host).unwrap();
        let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
        while client.wants_write() || server.wants_write() {
            let mut sent = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut sent).unwrap();
            }
            let mut left = &sent[..];
            while !left.is_empty() {
                server.read_tls(&mut left).unwrap();
                server.process_new_packets()?;
            }
            let mut answer = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut answer).unwrap();
            }
            let mut left = &answer[..];
            while !left.is_empty() {
                client.read_tls(&mut left).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok(client.handshake_kind().unwrap())
    }

    #[test]
    fn another_client_on_the_same_route_goes_on_with_the_session_of_the_first_and_no_other_does() {
        let (issuer, stranger) = (Issuer::new("same-route"), Issuer::new("same-route-stranger"));
        let server = issuer.server();
        let kind = |route| handshake(issuer.client(route), &server).unwrap();
        let (api, proxy) = ("https://api.example/gateway", Some("http://proxy.example:3128"));
        assert_eq!(kind(route(api, None)), HandshakeKind::Full);
        assert_eq!(kind(route("https://api.example", None)), HandshakeKind::Resumed);
        assert_eq!(kind(route("https://api.example:8443", None)), HandshakeKind::Full);
        assert_eq!(kind(route(api, proxy)), HandshakeKind::Full);
        assert_eq!(kind(route(api, proxy)), HandshakeKind::Resumed);
        assert_eq!(kind(route(api, Some("http://user:pass@proxy.example:3128"))), HandshakeKind::Full);
        assert_eq!(kind(None), HandshakeKind::Full);
        assert!(handshake(stranger.client(route(api, None)), &server).is_err(), "its own authorities count");
        assert_eq!(kind(route(api, None)), HandshakeKind::Resumed);
    }

    #[test]
    fn what_the_file_does_not_vouch_for_the_folders_may() {
        let (in_file, in_folder, nowhere) = (Issuer::new("file"), Issuer::new("folder"), Issuer::new("nowhere"));
        let mut both = in_file.roots();
        both.extend(in_folder.roots().roots);
        let verified = |issuer: &Issuer, folders: Option<&RootCertStore>| {
            let authorities = Arc::new(Authorities::of(in_file.roots(), folders.cloned()));
            let verifier = Verifier::new(authorities, &provider().unwrap()).unwrap();
            let client = builder(&provider().unwrap()).unwrap();
            let client = client.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
            handshake(client, &issuer.server()).map(drop)
        };
        assert_eq!(verified(&in_file, None), Ok(()));
        assert_eq!(verified(&in_file, Some(&both)), Ok(()));
        assert_eq!(verified(&in_folder, Some(&both)), Ok(()));
        assert!(verified(&in_folder, None).is_err());
        assert!(verified(&nowhere, Some(&both)).is_err());
    }
}
