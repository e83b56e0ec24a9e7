//! Which authorities are trusted.
//!
//! Most systems have the same authorities twice, in a file and in a folder. The folder, hundreds of files, is only read
//! when a certificate is not accepted without it.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use once_cell::race::OnceBox;
use rustls::RootCertStore;
use rustls::pki_types::TrustAnchor;
use rustls_native_certs::CertificateResult;

use crate::environment::variable;
use crate::error::Error;
use crate::per_process::PerProcess;

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

/// Where the authorities are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sources {
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
    /// What the environment says to a program in `language`.
    pub(super) fn of_environment(language: &str) -> Self {
        Self::of_variables(language, |name| variable(name).map(PathBuf::from))
    }

    fn of_variables(language: &str, variable: impl Fn(&str) -> Option<PathBuf>) -> Self {
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
    pub(super) fn is_default(&self) -> bool {
        (&self.file, &self.folders, &self.instead, &self.extra) == (&None, &None, &None, &None)
    }

    /// The authorities, read once a process.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when a variable of the environment names authorities of which none
    /// can be read.
    pub(super) fn authorities(&self) -> Result<Arc<Authorities>, Error> {
        let mut loaded = LOADED.get_or_default().lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, authorities)) = loaded.iter().find(|(known, _)| known == self) {
            return Ok(Arc::clone(authorities));
        }
        let authorities = Arc::new(self.load()?);
        loaded.push((self.clone(), Arc::clone(&authorities)));
        Ok(authorities)
    }

    fn load(&self) -> Result<Authorities, Error> {
        let mut roots = RootCertStore::empty();
        if let Some(instead) = &self.instead {
            instead.load(&mut roots)?;
        }
        match &self.file {
            Some(file) => file.load(&mut roots)?,
            None if self.instead.is_none() => defaults::add_file(&mut roots),
            None => {}
        }
        let mut folders_are_left = false;
        match &self.folders {
            Some(folders) => folders.load(&mut roots)?,
            None if self.instead.is_some() => {}
            None if roots.is_empty() => defaults::add_folders(&mut roots),
            None => folders_are_left = true,
        }
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(extra) = &self.extra {
            extra.load(&mut roots)?;
        }
        remove_duplicates(&mut roots);
        Ok(Authorities { read: Arc::new(roots), folders_are_left, all: OnceBox::new() })
    }
}

type Loaded = Vec<(Sources, Arc<Authorities>)>;
static LOADED: PerProcess<Mutex<Loaded>> = PerProcess::new();

/// Whoever is trusted.
#[derive(Debug)]
pub(super) struct Authorities {
    read: Arc<RootCertStore>,
    /// Whether the system's folders have not been read.
    folders_are_left: bool,
    /// Those of the folders included.
    all: OnceBox<Option<Arc<RootCertStore>>>,
}

impl Authorities {
    /// Those that are known from the beginning; never none.
    pub(super) fn read(&self) -> &Arc<RootCertStore> {
        &self.read
    }

    /// These and those of the system's folders, which are read now; none where the folders have no others.
    pub(super) fn with_folders(&self) -> Option<&Arc<RootCertStore>> {
        if self.folders_are_left { self.all.get_or_init(|| Box::new(self.read_folders())).as_ref() } else { None }
    }

    /// The first are in a file, the others in the system's folders.
    #[cfg(test)]
    pub(super) fn of(file: RootCertStore, folders: Option<RootCertStore>) -> Self {
        let all = OnceBox::with_value(Box::new(folders.map(Arc::new)));
        Self { read: Arc::new(file), folders_are_left: true, all }
    }

    fn read_folders(&self) -> Option<Arc<RootCertStore>> {
        let mut all = RootCertStore::clone(&self.read);
        defaults::add_folders(&mut all);
        remove_duplicates(&mut all);
        (all.len() > self.read.len()).then(|| Arc::new(all))
    }
}

fn remove_duplicates(roots: &mut RootCertStore) {
    fn identity<'a>(root: &'a TrustAnchor<'_>) -> (&'a [u8], &'a [u8]) {
        (&root.subject, &root.subject_public_key_info)
    }
    roots.roots.sort_unstable_by(|one, other| identity(one).cmp(&identity(other)));
    roots.roots.dedup_by(|one, other| identity(one) == identity(other));
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use rustls::RootCertStore;

    use super::{Authorities, Sources};
    use crate::environment::VARIABLES;

    fn sources(language: &str, variables: &[(&str, &str)]) -> Sources {
        Sources::of_variables(language, |name| {
            assert!(VARIABLES.contains(&name), "{name}");
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    /// One authority of this test alone.
    const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority/authority.pem");
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authority");

    fn all(authorities: &Authorities) -> &Arc<RootCertStore> {
        authorities.with_folders().unwrap_or(authorities.read())
    }

    fn count(language: &str, variables: &[(&str, &str)]) -> usize {
        all(&sources(language, variables).load().unwrap()).len()
    }

    #[test]
    fn a_variable_replaces_its_own_default_and_the_other_one_stays() {
        let all = count("rust", &[]);
        assert!(all > 1);
        assert_eq!(count("rust", &[("SSL_CERT_FILE", AUTHORITY), ("SSL_CERT_DIR", FOLDER)]), 1);
        assert!(count("rust", &[("SSL_CERT_DIR", FOLDER)]) > 1, "the system's file stays");
        assert!(count("rust", &[("SSL_CERT_FILE", AUTHORITY)]) > 1, "the system's folders stay");
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
        let first = sources("rust", &[]).authorities().unwrap();
        assert!(Arc::ptr_eq(&first, &sources("python", &[]).authorities().unwrap()));
        let other = sources("rust", &[("SSL_CERT_FILE", AUTHORITY), ("SSL_CERT_DIR", FOLDER)]).authorities().unwrap();
        assert_eq!(all(&other).len(), 1);
    }

    #[test]
    fn folders_are_left_unread_only_where_the_file_has_authorities_and_nobody_named_others() {
        let are_left = |language, variables: &[_]| sources(language, variables).load().unwrap().folders_are_left;
        assert!(are_left("rust", &[("SSL_CERT_FILE", AUTHORITY)]));
        assert!(!are_left("rust", &[("SSL_CERT_DIR", FOLDER)]));
        assert!(!are_left("python", &[("REQUESTS_CA_BUNDLE", AUTHORITY)]));
        let file_alone = sources("rust", &[("SSL_CERT_FILE", AUTHORITY)]).load().unwrap();
        assert_eq!(file_alone.read().len(), 1);
    }
}
