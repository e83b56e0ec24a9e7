//! The proxy that the environment names.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::Service;

use super::causes::{find, innermost};
use crate::error::Error;

/// hyper-util does not export its name.
pub(super) type TunnelError = <Tunnel<HttpConnector> as Service<hyper::Uri>>::Error;

type BoxError = Box<dyn StdError + Send + Sync>;

const MAX_HEAD_BYTES: usize = 8192;

/// A proxy, checked.
#[derive(Clone, PartialEq)]
pub(super) struct Proxy {
    url: Url,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.address()).finish()
    }
}

impl Proxy {
    /// The proxy for requests to `target`, where the environment names one.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) when it can't be used: then no request may go past it.
    pub(super) fn of_environment(
        target: &Url,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let given = |names: [&'static str; 2]| {
            let (name, value) = names.into_iter().find_map(|name| variable(name).map(|value| (name, value)))?;
            (!value.trim().is_empty()).then(|| (name, value.trim().to_owned()))
        };
        let of_scheme = match target.scheme() {
            "https" => given(["HTTPS_PROXY", "https_proxy"]),
            // A server that runs a CGI program sets HTTP_PROXY from a header of the request.
            _ if variable("REQUEST_METHOD").is_some() => None,
            _ => given(["HTTP_PROXY", "http_proxy"]),
        };
        let Some((name, value)) = of_scheme.or_else(|| given(["ALL_PROXY", "all_proxy"])) else { return Ok(None) };
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable).unwrap_or_default();
        if intercepted("http://any-proxy", &exceptions, target).is_none() {
            return Ok(None);
        }
        Self::parse(name, &value, target).map(Some)
    }

    fn parse(name: &str, value: &str, target: &Url) -> Result<Self, Error> {
        let unusable = |why: &str| Error::invalid_config(format!("The proxy in {name} can't be used: {why}."));
        let value = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(&value).map_err(|error| unusable(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable(&format!("its scheme is {:?}, and only http and https are known", url.scheme())));
        }
        let intercept =
            intercepted(url.as_str(), "", target).ok_or_else(|| unusable("it is not the URL of a proxy"))?;
        Ok(Self { url, authorization: intercept.basic_auth().cloned() })
    }

    pub(super) fn for_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        reqwest::Proxy::all(self.url.clone())
    }

    /// Host and port, without user and password.
    fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.url.port_or_known_default().unwrap_or_default())
    }

    /// Says of a failed connection where it is the proxy that failed, and how.
    pub(super) async fn explain(&self, error: BoxError, target: &Url) -> BoxError {
        let status = match find::<TunnelError>(&*error) {
            Some(TunnelError::ProxyAuthRequired) => Some(407),
            // The status is not told, so the proxy is asked once more.
            Some(TunnelError::TunnelUnsuccessful) => self.status(target).await.ok().filter(|status| *status != 200),
            Some(TunnelError::TunnelUnexpectedEof | TunnelError::ConnectFailed(_) | TunnelError::Io(_)) => None,
            _ => return error,
        };
        Box::new(ProxyError { address: self.address(), status, cause: error })
    }

    /// What a proxy that is reached without TLS answers to CONNECT.
    async fn status(&self, target: &Url) -> io::Result<u16> {
        if self.url.scheme() != "http" {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut stream = TcpStream::connect(self.address()).await?;
        stream.write_all(&self.connect_request(target)).await?;
        let mut head = Vec::new();
        while !head.contains(&b'\n') && head.len() < MAX_HEAD_BYTES {
            if stream.read_buf(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        status_in(&head).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn connect_request(&self, target: &Url) -> Vec<u8> {
        let host = target.host_str().unwrap_or_default();
        let port = target.port_or_known_default().unwrap_or_default();
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend([b"Proxy-Authorization: ", authorization.as_bytes(), b"\r\n"].concat());
        }
        request.extend(b"\r\n");
        request
    }
}

fn intercepted(proxy: &str, exceptions: &str, target: &Url) -> Option<hyper_util::client::proxy::matcher::Intercept> {
    let target: hyper::Uri = target.as_str().parse().ok()?;
    Matcher::builder().all(proxy.to_owned()).no(exceptions.to_owned()).build().intercept(&target)
}

/// The status in the first line of an answer.
fn status_in(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

/// The proxy refused, or failed.
#[derive(Debug)]
pub(super) struct ProxyError {
    address: String,
    status: Option<u16>,
    cause: BoxError,
}

impl ProxyError {
    /// Whether another try would be refused in the same way.
    pub(super) fn is_lasting(&self) -> bool {
        self.status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 425 | 429))
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, .. } = self;
        match self.status {
            Some(407) => write!(f, "the proxy {address} wants a user and a password, or other ones (HTTP 407)"),
            Some(status) => write!(f, "the proxy {address} refused the connection (HTTP {status})"),
            None => write!(f, "the proxy {address} gave no connection: {}", innermost(&*self.cause)),
        }
    }
}

impl StdError for ProxyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{Proxy, status_in};
    use crate::environment::VARIABLES;
    use crate::error::{Error, ErrorKind};

    fn proxy(target: &str, variables: &[(&str, &str)]) -> Result<Option<String>, Error> {
        let variable = |name: &str| {
            assert!(VARIABLES.contains(&name), "{name}");
            variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        let proxy = Proxy::of_environment(&Url::parse(target).unwrap(), variable)?;
        Ok(proxy.map(|proxy| proxy.address()))
    }

    #[test]
    fn the_variables_are_read_as_reqwest_reads_them() {
        for (target, variables, address) in [
            ("https://api.wts.chat", &[][..], None),
            ("https://api.wts.chat", &[("HTTPS_PROXY", "http://one:3128")], Some("one:3128")),
            ("https://api.wts.chat", &[("HTTPS_PROXY", " http://one:3128 \n")], Some("one:3128")),
            ("https://api.wts.chat", &[("https_proxy", "one:3128")], Some("one:3128")),
            ("https://api.wts.chat", &[("HTTPS_PROXY", "http://user:p%40ss@one")], Some("one:80")),
            (
                "https://api.wts.chat",
                &[("HTTPS_PROXY", ""), ("https_proxy", "two"), ("ALL_PROXY", "one")],
                Some("one:80"),
            ),
            ("https://api.wts.chat", &[("all_proxy", "https://one")], Some("one:443")),
            ("https://api.wts.chat", &[("HTTP_PROXY", "http://one:3128")], None),
            ("http://gateway.example", &[("HTTP_PROXY", "http://one:3128")], Some("one:3128")),
            ("http://gateway.example", &[("HTTP_PROXY", "http://one:3128"), ("REQUEST_METHOD", "GET")], None),
            ("https://api.wts.chat", &[("HTTPS_PROXY", "one"), ("NO_PROXY", "x, .wts.chat")], None),
            ("https://api.wts.chat", &[("HTTPS_PROXY", "one"), ("NO_PROXY", "x")], Some("one:80")),
            ("https://api.wts.chat", &[("HTTPS_PROXY", "socks5://one"), ("no_proxy", "*")], None),
        ] {
            assert_eq!(proxy(target, variables).unwrap().as_deref(), address, "{target} {variables:?}");
        }
    }

    #[test]
    fn a_proxy_that_can_t_be_used_is_an_error_that_names_the_variable_and_no_password() {
        for value in
            ["socks5://u:SECRET@one:1080", "http://u:SECRET@one:port", "http://", "ftp://one", "http://u:SECRET@"]
        {
            for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                let error = proxy("https://api.wts.chat", &[(name, value)]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidConfig);
                let text = format!("{error} {error:?}");
                assert!(text.contains(name) && !text.contains("SECRET"), "{text}");
            }
        }
    }

    #[test]
    fn the_status_is_in_the_first_line() {
        assert_eq!(status_in(b"HTTP/1.1 403 Forbidden\r\n"), Some(403));
        for garbage in [&b"SSH-2.0-x\r\n"[..], b"HTTP/1.1\r\n", b"HTTP/1.1 x\r\n", b"\xff\r\n", b""] {
            assert_eq!(status_in(garbage), None);
        }
    }
}
