//! TLS, and which authorities are trusted.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;

use crate::environment::variable;
use crate::error::Error;
use crate::per_process::PerProcess;

/// TLS for a program in `language`; without any authorities where it is not used.
///
/// # Errors
/// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when a variable of the environment names authorities of which none
/// can be read, or when there is no cryptography.
pub(super) fn config(is_used: bool, language: &str) -> Result<ClientConfig, Error> {
    let provider = provider()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid_config(format!("TLS can't be set up: {error}.")).with_source(error))?;
    if !is_used {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let sources = Sources::of_environment(language, |name| variable(name).map(PathBuf::from));
    Ok(platform::with_roots(builder, &sources, provider)?.with_no_client_auth())
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
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "ring"))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}

/// Where a variable of the environment says that authorities are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    variable: &'static str,
    /// The value, for messages.
    value: PathBuf,
    /// One file, or folders.
    paths: Vec<PathBuf>,
}

impl Named {
    /// A file or a folder.
    fn path(variable: &'static str, value: PathBuf) -> Self {
        Self { variable, paths: vec![value.clone()], value }
    }

    fn folders(variable: &'static str, value: PathBuf) -> Self {
        let paths = env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect();
        Self { variable, value, paths }
    }

    fn load(&self, roots: &mut RootCertStore) -> Result<(), Error> {
        let results: Vec<_> = self.paths.iter().map(|path| load(path)).collect();
        let mut added = 0;
        let mut problem = None;
        for result in results {
            problem = problem.or_else(|| result.errors.first().map(ToString::to_string));
            added += roots.add_parsable_certificates(result.certs).0;
        }
        if added > 0 {
            return Ok(());
        }
        let problem = problem.unwrap_or_else(|| "there is no certificate in it".to_owned());
        let Self { variable, value, .. } = self;
        let text = format!("{variable} names no certificate authority: {} ({problem}).", value.display());
        Err(Error::invalid_config(text))
    }
}

fn load(path: &Path) -> CertificateResult {
    if path.is_dir() {
        rustls_native_certs::load_certs_from_paths(None, Some(path))
    } else {
        rustls_native_certs::load_certs_from_paths(Some(path), None)
    }
}

/// Which authorities are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sources {
    /// In place of the system's file.
    file: Option<Named>,
    /// In place of the system's folder.
    folders: Option<Named>,
    /// In place of the system's file and folder.
    instead: Option<Named>,
    /// Beside all others.
    extra: Option<Named>,
}

impl Sources {
    fn of_environment(language: &str, variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let given = |name: &'static str| variable(name).filter(|value| !value.as_os_str().is_empty());
        let path = |name: &'static str| given(name).map(|value| Named::path(name, value));
        Self {
            file: path("SSL_CERT_FILE"),
            folders: given("SSL_CERT_DIR").map(|value| Named::folders("SSL_CERT_DIR", value)),
            instead: match language {
                "python" => path("REQUESTS_CA_BUNDLE").or_else(|| path("CURL_CA_BUNDLE")),
                _ => None,
            },
            extra: if language == "node" { path("NODE_EXTRA_CA_CERTS") } else { None },
        }
    }

    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    fn is_default(&self) -> bool {
        (&self.file, &self.folders, &self.instead, &self.extra) == (&None, &None, &None, &None)
    }

    fn load(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if let Some(instead) = &self.instead {
            instead.load(&mut roots)?;
        }
        match &self.file {
            Some(file) => file.load(&mut roots)?,
            None if self.instead.is_none() => defaults::add_file(&mut roots),
            None => {}
        }
        match &self.folders {
            Some(folders) => folders.load(&mut roots)?,
            None if self.instead.is_none() => defaults::add_folders(&mut roots),
            None => {}
        }
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(extra) = &self.extra {
            extra.load(&mut roots)?;
        }
        remove_duplicates(&mut roots);
        Ok(roots)
    }
}

/// Systems have most authorities twice, in a file and in a folder.
fn remove_duplicates(roots: &mut RootCertStore) {
    let mut known = HashSet::new();
    roots.roots.retain(|root| known.insert((root.subject.to_vec(), root.subject_public_key_info.to_vec())));
}

type Loaded = Vec<(Sources, Arc<RootCertStore>)>;
static LOADED: PerProcess<Mutex<Loaded>> = PerProcess::new();

/// The authorities in `sources`, read once a process.
fn roots(sources: &Sources) -> Result<Arc<RootCertStore>, Error> {
    let mut loaded = LOADED.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, roots)) = loaded.iter().find(|(known, _)| known == sources) {
        return Ok(Arc::clone(roots));
    }
    let roots = Arc::new(sources.load()?);
    loaded.push((sources.clone(), Arc::clone(&roots)));
    Ok(roots)
}

/// Where this system has its authorities.
#[cfg(all(unix, not(target_vendor = "apple")))]
mod defaults {
    use std::env;

    use openssl_probe::ENV_CERT_FILE;
    use rustls::RootCertStore;

    use crate::environment::variable;

    pub(super) fn add_file(roots: &mut RootCertStore) {
        // The probe takes a file from the environment even where the environment does not count.
        let is_known =
            |file: &_| variable(ENV_CERT_FILE).is_some() || env::var_os(ENV_CERT_FILE).as_ref() != Some(file);
        let file = openssl_probe::probe().cert_file;
        if let Some(file) = file.filter(|file| is_known(&file.clone().into_os_string())) {
            roots.add_parsable_certificates(super::load(&file).certs);
        }
    }

    pub(super) fn add_folders(roots: &mut RootCertStore) {
        for folder in openssl_probe::candidate_cert_dirs() {
            roots.add_parsable_certificates(super::load(folder).certs);
        }
    }
}

/// What macOS and Windows trust is not in files.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod defaults {
    use rustls::RootCertStore;

    pub(super) fn add_file(roots: &mut RootCertStore) {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }

    pub(super) fn add_folders(_: &mut RootCertStore) {}
}

#[cfg(all(unix, not(target_vendor = "apple")))]
mod platform {
    use std::sync::Arc;

    use rustls::client::WantsClientCert;
    use rustls::crypto::CryptoProvider;
    use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

    use super::{Sources, roots};
    use crate::error::Error;

    pub(super) fn with_roots(
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        sources: &Sources,
        _: Arc<CryptoProvider>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
        Ok(builder.with_root_certificates(roots(sources)?))
    }
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
mod platform {
    use std::sync::Arc;

    use rustls::client::WantsClientCert;
    use rustls::crypto::CryptoProvider;
    use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
    use rustls_platform_verifier::Verifier;

    use super::{Sources, roots};
    use crate::error::Error;

    /// The system's own verifier, unless a variable says which authorities count.
    pub(super) fn with_roots(
        builder: ConfigBuilder<ClientConfig, WantsVerifier>,
        sources: &Sources,
        provider: Arc<CryptoProvider>,
    ) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
        if sources.is_default()
            && let Ok(verifier) = Verifier::new(provider)
        {
            return Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)));
        }
        Ok(builder.with_root_certificates(roots(sources)?))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::{Sources, roots};

    fn sources(language: &str, variables: &[(&str, &str)]) -> Sources {
        Sources::of_environment(language, |name| {
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    /// One authority of this test alone.
    const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority/authority.pem");
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority");

    fn count(language: &str, variables: &[(&str, &str)]) -> usize {
        sources(language, variables).load().unwrap().len()
    }

    #[test]
    fn a_variable_replaces_its_own_default_and_the_other_one_stays() {
        let all = count("rust", &[]);
        assert!(all > 1);
        assert_eq!(count("rust", &[("SSL_CERT_FILE", AUTHORITY), ("SSL_CERT_DIR", FOLDER)]), 1);
        assert!(count("rust", &[("SSL_CERT_DIR", FOLDER)]) > 1, "the system's file stays");
        let two = format!("/no/such/folder:{FOLDER}");
        assert_eq!(count("rust", &[("SSL_CERT_FILE", AUTHORITY), ("SSL_CERT_DIR", &two)]), 1);
        assert_eq!(count("rust", &[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")]), all);
    }

    #[test]
    fn the_variables_of_a_language_count_in_it_alone() {
        let all = count("rust", &[]);
        assert_eq!(count("node", &[("NODE_EXTRA_CA_CERTS", AUTHORITY)]), all + 1);
        assert_eq!(count("python", &[("NODE_EXTRA_CA_CERTS", AUTHORITY)]), all);
        for variable in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            assert_eq!(count("python", &[(variable, AUTHORITY)]), 1);
            assert_eq!(count("python", &[(variable, FOLDER)]), 1);
            assert_eq!(count("node", &[(variable, AUTHORITY)]), all);
        }
    }

    #[test]
    fn authorities_are_read_once_and_again_for_another_value() {
        let first = roots(&sources("rust", &[])).unwrap();
        assert!(Arc::ptr_eq(&first, &roots(&sources("python", &[])).unwrap()));
        let other = roots(&sources("rust", &[("SSL_CERT_FILE", AUTHORITY), ("SSL_CERT_DIR", FOLDER)])).unwrap();
        assert_eq!(other.len(), 1);
    }
}
