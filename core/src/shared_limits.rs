//! Where the ledger is that processes share: the setting `shared_limits` and what goes with it.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::notation::Notation;
use crate::secret::Secret;
use crate::text::{shortened, trimmed};

const DEFAULT_PREFIX: &str = "wts-session:";
const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
const MAX_NAME_BYTES: usize = 256;

/// What a client does while the ledger that it shares with other processes can't be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum SharedLimitsFallback {
    /// Nothing is sent: bulk calls wait, and single calls fail with
    /// [`LimitsUnavailable`](crate::ErrorKind::LimitsUnavailable).
    #[default]
    Wait,
    /// It goes on with this share of each limit, at most 1: 0.25 for one of four processes. 0 is as [`Wait`](Self::Wait).
    Share(f64),
}

impl SharedLimitsFallback {
    /// The fallback called `wait`, or a share such as `0.25`; for bindings.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) for anything else.
    #[doc(hidden)]
    pub fn from_text(text: &str) -> Result<Self, Error> {
        match trimmed(text) {
            "wait" => Ok(Self::Wait),
            number => number.parse().ok().and_then(Self::of_share).ok_or_else(|| no_fallback(&shortened(text))),
        }
    }

    pub(crate) fn checked(self, notation: Notation) -> Result<Self, Error> {
        match self {
            Self::Wait => Ok(Self::Wait),
            Self::Share(share) => Self::of_share(share).ok_or_else(|| no_fallback(&notation.number(share))),
        }
    }

    /// 0 is as good as no share.
    fn of_share(share: f64) -> Option<Self> {
        match share {
            0.0 => Some(Self::Wait),
            share => (0.0..=1.0).contains(&share).then_some(Self::Share(share)),
        }
    }
}

fn no_fallback(given: &str) -> Error {
    Error::invalid_config(format!("The shared_limits_fallback is \"wait\" or a share from 0 to 1, not {given}."))
}

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LedgerAddress {
    /// A folder of this machine.
    Folder(PathBuf),
    Redis(RedisAddress),
}

/// A Redis or Valkey.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RedisAddress {
    pub(crate) nodes: Vec<Node>,
    pub(crate) topology: Topology,
    pub(crate) uses_tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: i64,
    pub(crate) prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    Single,
    Sentinel { master: String },
    Cluster,
}

impl LedgerAddress {
    /// The address that the setting `shared_limits` names; none where limits are not shared. No message shows the setting, for
    /// it may carry a password.
    pub(crate) fn parse(given: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        let text = trimmed(given);
        match text {
            "off" => return Ok(None),
            "machine" => return Ok(Some(Self::Folder(folder_of_machine()))),
            // Whoever runs n8n may have chosen another one.
            "n8n" => match variable("WTS_SHARED_LIMITS").filter(|other| trimmed(other) != "n8n") {
                Some(other) => return Self::parse(&other, variable),
                None => return of_n8n(variable),
            },
            _ => {}
        }
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(refused("has a blank or a control character"));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("is none of off, machine, n8n, and no address such as file:///dir or redis://host"));
        };
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "file" => folder(rest).map(Self::Folder),
            _ => RedisAddress::parse(&scheme, rest).map(Self::Redis),
        }
        .map(Some)
    }
}

fn refused(why: &str) -> Error {
    Error::invalid_config(format!("The setting shared_limits {why}."))
}

fn folder(path: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(decoded(path)?);
    if path.is_absolute() { Ok(path) } else { Err(refused("has no absolute path: write file:///dir")) }
}

/// The same for all processes of a user, whatever their environment: cron has another one than a shell.
#[cfg(unix)]
fn folder_of_machine() -> PathBuf {
    Path::new("/tmp").join(format!("wts-session-{}", nix::unistd::geteuid()))
}

#[cfg(not(unix))]
fn folder_of_machine() -> PathBuf {
    std::env::temp_dir().join("wts-session")
}

fn decoded(text: &str) -> Result<String, Error> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => Err(refused("has an escape that is no text")),
    }
}

impl RedisAddress {
    fn parse(scheme: &str, rest: &str) -> Result<Self, Error> {
        let (base, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let uses_tls = match base {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(refused(&format!("has the unknown scheme {}", shortened(scheme)))),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if rest.contains('#') || query.contains('#') {
            return Err(refused("has a fragment"));
        }
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        let (login, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        let (user, password) = login.map_or(Ok((None, None)), parse_login)?;
        let mut address = Self {
            nodes: Vec::new(),
            topology: Topology::Single,
            uses_tls,
            user,
            password,
            database: 0,
            prefix: DEFAULT_PREFIX.to_owned(),
        };
        let mut database = path;
        match kind {
            "" => address.nodes = vec![parse_only_node(hosts)?],
            "unix" if uses_tls || !hosts.is_empty() || path.is_empty() => {
                return Err(refused("has no path of a socket: write redis+unix:///path"));
            }
            "unix" => {
                address.nodes = vec![Node::Unix(PathBuf::from(format!("/{}", decoded(path)?)))];
                database = "";
            }
            "sentinel" => {
                let (master, rest) = path.split_once('/').unwrap_or((path, ""));
                database = rest;
                if master.is_empty() {
                    return Err(refused("names no master: write redis+sentinel://host1,host2/master"));
                }
                address.nodes = parse_nodes(hosts, SENTINEL_PORT)?;
                address.topology = Topology::Sentinel { master: decoded(master)? };
            }
            "cluster" => {
                address.nodes = parse_nodes(hosts, REDIS_PORT)?;
                address.topology = Topology::Cluster;
            }
            _ => return Err(refused(&format!("has the unknown scheme {}", shortened(scheme)))),
        }
        address.set_database(database)?;
        query.split('&').filter(|option| !option.is_empty()).try_for_each(|option| address.set_option(option))?;
        Ok(address)
    }

    fn set_option(&mut self, option: &str) -> Result<(), Error> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "prefix" => {
                self.prefix = decoded(value)?;
                let is_usable = self.prefix.len() <= MAX_NAME_BYTES && !self.prefix.contains(['{', '}']);
                if is_usable { Ok(()) } else { Err(refused("has a prefix with a brace or of over 256 bytes")) }
            }
            "db" if matches!(self.nodes[..], [Node::Unix(_)]) => self.set_database(value),
            // It may be a part of a password with a question mark.
            _ => Err(refused("has an unknown option: there is prefix, and db for a unix socket")),
        }
    }

    fn set_database(&mut self, text: &str) -> Result<(), Error> {
        let is_number = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "" => Ok(()),
            // It may be a part of a password with a slash.
            _ if !is_number => Err(refused("has a path that is no number of a database; write / in a password as %2F")),
            _ => {
                self.database = text.parse().unwrap_or(0);
                match (&self.topology, self.database) {
                    (Topology::Cluster, 1..) => Err(refused("names a database, which a cluster does not have")),
                    _ => Ok(()),
                }
            }
        }
    }
}

fn parse_login(login: &str) -> Result<(Option<String>, Option<Secret>), Error> {
    let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let user = decoded(user)?;
    let password = password.map(decoded).transpose()?;
    Ok((Some(user).filter(|user| !user.is_empty()), password.filter(|password| !password.is_empty()).map(Secret::new)))
}

fn parse_only_node(hosts: &str) -> Result<Node, Error> {
    match &parse_nodes(hosts, REDIS_PORT)?[..] {
        [node] => Ok(node.clone()),
        _ => Err(refused("names several hosts: write redis+cluster:// or redis+sentinel://")),
    }
}

fn parse_nodes(hosts: &str, default_port: u16) -> Result<Vec<Node>, Error> {
    hosts.split(',').map(|host| parse_node(host, default_port)).collect()
}

fn parse_node(text: &str, default_port: u16) -> Result<Node, Error> {
    let no_host = || refused("has no host, or one that is none");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(no_host)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| no_host())?;
            match port.strip_prefix(':') {
                None if !port.is_empty() => return Err(no_host()),
                port => (host, port),
            }
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_host = |character: char| character.is_ascii_alphanumeric() || "-._:".contains(character);
    if host.is_empty() || host.len() > 253 || !host.chars().all(is_host) {
        return Err(no_host());
    }
    let port = match port {
        None => default_port,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err(refused("has a port that is none")),
            Ok(port) => port,
        },
    };
    Ok(Node::Tcp { host: host.to_owned(), port })
}

/// The Redis of n8n's queue mode; none where n8n does not run in that mode.
fn of_n8n(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<LedgerAddress>, Error> {
    let value = |name: &str| with_file(name, variable);
    if value("EXECUTIONS_MODE")?.as_deref() != Some("queue") {
        return Ok(None);
    }
    let number = |name: &str, default: i64| match value(name)? {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= 0)
            .ok_or_else(|| Error::invalid_config(format!("{name} is no number."))),
    };
    let port = number("QUEUE_BULL_REDIS_PORT", i64::from(REDIS_PORT))?;
    let port = u16::try_from(port).map_err(|_| Error::invalid_config("QUEUE_BULL_REDIS_PORT is no port."))?;
    let nodes = value("QUEUE_BULL_REDIS_CLUSTER_NODES")?;
    let (nodes, topology) = match nodes {
        Some(nodes) => {
            let nodes: Vec<_> = nodes.split(',').map(trimmed).filter(|node| !node.is_empty()).collect();
            (parse_nodes(&nodes.join(","), REDIS_PORT)?, Topology::Cluster)
        }
        None => {
            let host = value("QUEUE_BULL_REDIS_HOST")?.unwrap_or_else(|| "localhost".to_owned());
            (vec![Node::Tcp { host, port }], Topology::Single)
        }
    };
    Ok(Some(LedgerAddress::Redis(RedisAddress {
        nodes,
        database: if topology == Topology::Cluster { 0 } else { number("QUEUE_BULL_REDIS_DB", 0)? },
        topology,
        uses_tls: value("QUEUE_BULL_REDIS_TLS")?.is_some_and(|text| matches!(text.as_str(), "true" | "1")),
        user: value("QUEUE_BULL_REDIS_USERNAME")?,
        password: value("QUEUE_BULL_REDIS_PASSWORD")?.map(Secret::new),
        prefix: DEFAULT_PREFIX.to_owned(),
    })))
}

/// The variable `name`, or what is in the file that `<name>_FILE` names.
fn with_file(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    let file = format!("{name}_FILE");
    let text =
        match (variable(name), variable(&file)) {
            (Some(value), _) => Some(value),
            (None, Some(path)) => {
                let text = fs::read_to_string(Path::new(trimmed(&path)));
                Some(text.map_err(|error| {
                    Error::invalid_config(format!("{file} names a file that can't be read: {error}."))
                })?)
            }
            (None, None) => None,
        };
    Ok(text.map(|text| trimmed(&text).to_owned()).filter(|text| !text.is_empty()))
}

/// The name that joins several keys of one account.
pub(crate) fn parse_account(name: &str) -> Result<String, Error> {
    match trimmed(name) {
        "" => Err(Error::invalid_config("The shared_limits_account is blank.")),
        name if name.len() > MAX_NAME_BYTES => {
            Err(Error::invalid_config("The shared_limits_account is over 256 bytes long."))
        }
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{LedgerAddress, Node, RedisAddress, SharedLimitsFallback, Topology};
    use crate::environment::VARIABLES;
    use crate::error::{Error, ErrorKind};

    fn parse(text: &str) -> Result<Option<LedgerAddress>, Error> {
        LedgerAddress::parse(text, &|_| None)
    }

    fn redis(text: &str) -> RedisAddress {
        match parse(text).unwrap() {
            Some(LedgerAddress::Redis(address)) => address,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn tcp(host: &str, port: u16) -> Node {
        Node::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn addresses() {
        assert_eq!(parse(" off ").unwrap(), None);
        assert_eq!(parse("file:///var/lib/a%20b").unwrap(), Some(LedgerAddress::Folder(PathBuf::from("/var/lib/a b"))));
        let plain = redis("redis://cache");
        assert_eq!(plain.nodes, [tcp("cache", 6379)]);
        assert_eq!((plain.prefix.as_str(), plain.database, plain.uses_tls), ("wts-session:", 0, false));
        let full = redis("VALKEYS://ann:p%40ss:w@[::1]:7000/3?prefix=team:");
        assert_eq!(full.nodes, [tcp("::1", 7000)]);
        assert_eq!((full.user.as_deref(), full.password.unwrap().reveal()), (Some("ann"), "p@ss:w"));
        assert_eq!((full.prefix.as_str(), full.database, full.uses_tls), ("team:", 3, true));
        assert_eq!(redis("redis://:pw@h/").password.unwrap().reveal(), "pw");
        let socket = redis("redis+unix:///run/redis.sock?db=2&prefix=x:");
        assert_eq!((socket.nodes, socket.database), (vec![Node::Unix(PathBuf::from("/run/redis.sock"))], 2));
        let sentinel = redis("redis+sentinel://:pw@a,b:1/mymaster/4");
        assert_eq!(sentinel.nodes, [tcp("a", 26379), tcp("b", 1)]);
        assert_eq!(sentinel.topology, Topology::Sentinel { master: "mymaster".to_owned() });
        assert_eq!(sentinel.database, 4);
        assert_eq!(redis("rediss+cluster://a:1,b:2").topology, Topology::Cluster);
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in [
            "",
            "on",
            "redis",
            "http://CANARY@host",
            "redis://",
            "redis://u:CANARY@/0",
            "redis://u:CANARY@h:port",
            "redis://u:CANARY@h:0",
            "redis://u:CANARY@h:70000",
            "redis://u:CANARY@h/zero",
            "redis://u:12/CANARY@h",
            "redis://u/CANARY@h",
            "redis://u:6379?CANARY@h",
            "redis://u:CANARY@h/0/1",
            "redis://u:CANARY@h?timeout=1",
            "redis://u:CANARY@h?db=1",
            "redis://u:CANARY@h?prefix={a}",
            "redis://u:CANARY@h#x",
            "redis://u:CANARY@a,b",
            "redis://u:CANARY@h h",
            "redis://u:CANARY@[::1",
            "redis+unix://u:CANARY@host/x",
            "rediss+unix:///x",
            "redis+unix://",
            "redis+sentinel://u:CANARY@a,b",
            "redis+cluster://u:CANARY@a/1",
            "redis+magic://u:CANARY@a",
            "redis://u:%ff%CANARY@h",
            "file://dir",
            "file://",
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn the_redis_of_n8n() {
        let with = |variables: &'static [(&str, &str)]| {
            LedgerAddress::parse("n8n", &move |name| {
                assert!(VARIABLES.contains(&name), "{name}");
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(with(&[("EXECUTIONS_MODE", "regular"), ("QUEUE_BULL_REDIS_HOST", "r")]).unwrap(), None);
        assert_eq!(with(&[]).unwrap(), None);
        let Some(LedgerAddress::Redis(address)) = with(&[
            ("EXECUTIONS_MODE", "queue"),
            ("QUEUE_BULL_REDIS_HOST", "r"),
            ("QUEUE_BULL_REDIS_PORT", "7"),
            ("QUEUE_BULL_REDIS_DB", "2"),
            ("QUEUE_BULL_REDIS_PASSWORD", "pw"),
            ("QUEUE_BULL_REDIS_TLS", "true"),
        ])
        .unwrap() else {
            panic!("no Redis")
        };
        assert_eq!((&address.nodes[..], address.database, address.uses_tls), (&[tcp("r", 7)][..], 2, true));
        assert_eq!(address.password.unwrap().reveal(), "pw");
        let Some(LedgerAddress::Redis(cluster)) =
            with(&[("EXECUTIONS_MODE", "queue"), ("QUEUE_BULL_REDIS_CLUSTER_NODES", "a:1, b:2")]).unwrap()
        else {
            panic!("no Redis")
        };
        assert_eq!((&cluster.nodes[..], cluster.topology), (&[tcp("a", 1), tcp("b", 2)][..], Topology::Cluster));
        let own = with(&[("EXECUTIONS_MODE", "queue"), ("WTS_SHARED_LIMITS", "file:///dir")]).unwrap();
        assert_eq!(own, Some(LedgerAddress::Folder(PathBuf::from("/dir"))));
        for variables in [
            &[("EXECUTIONS_MODE", "queue"), ("QUEUE_BULL_REDIS_PORT", "x")][..],
            &[("EXECUTIONS_MODE", "queue"), ("QUEUE_BULL_REDIS_PASSWORD_FILE", "/nonexistent")][..],
        ] {
            assert_eq!(with(variables).unwrap_err().kind(), ErrorKind::InvalidConfig);
        }
    }

    #[test]
    fn fallbacks() {
        assert_eq!(SharedLimitsFallback::from_text("wait").unwrap(), SharedLimitsFallback::Wait);
        assert_eq!(SharedLimitsFallback::from_text("0.125").unwrap(), SharedLimitsFallback::Share(0.125));
        assert_eq!(SharedLimitsFallback::from_text("0").unwrap(), SharedLimitsFallback::Wait);
        for text in ["", "go", "-0.1", "1.1", "NaN", "inf"] {
            let error = SharedLimitsFallback::from_text(text).expect_err(text);
            assert!(error.description().contains("from 0 to 1"), "{error}");
        }
    }
}
