//! The shared ledger in Redis or Valkey: one script call for each exchange.
//!
//! redis-rs speaks the protocol. The connections are ours, so that TLS trusts what it trusts everywhere else and needs no
//! provider of the whole process, and so that no request is queued or sent again behind our back. All keys are in one slot of
//! a cluster: following its redirections is all that a cluster needs.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, Script, ServerErrorKind, Value, cmd,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::exchange::{Reply, Request, Status};
use super::failure::Failure;
use crate::error::Error;
use crate::limiter::clock::Micros;
use crate::shared_limits::{Node, RedisAddress, Topology};
use crate::transport::{look_up, tls_config};

const SCRIPT: &str = include_str!("machine.lua");
const MAX_REDIRECTIONS: usize = 5;
/// How long a node may take for a connection where there are others.
const NODE_TIME: Duration = Duration::from_millis(900);
/// Words in the errors of a server that is all right but for now, whatever it refused.
const PASSING: [&str; 3] = ["max number of clients", "LOADING", "MASTERDOWN"];
/// Words in the errors of a server that will go on as before until somebody changes its settings or ours.
const LASTING: [&str; 8] = [
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "invalid password",
    "any password configured",
    "can't run this command",
    "unknown command",
    "DB index",
];

pub(in crate::limiter) struct RedisStore {
    address: RedisAddress,
    keys: Vec<String>,
    hash: String,
    tls: Option<Arc<ClientConfig>>,
    /// The node, or sentinel, that is asked first.
    first: usize,
    /// The node of a cluster that has the keys, once it is known.
    owner: Option<Node>,
    connection: Option<MultiplexedConnection>,
    danger: Option<String>,
    is_danger_known: bool,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisStore").field("address", &self.address).finish_non_exhaustive()
    }
}

impl RedisStore {
    pub(super) fn open(address: &RedisAddress, id: &str, language: &str) -> Result<Self, Error> {
        let tls = if address.uses_tls { Some(Arc::new(tls_config(language)?)) } else { None };
        let keys = ["s", "l", "a", "m", "w"].map(|name| format!("{}{{{id}}}:{name}", address.prefix));
        Ok(Self {
            address: address.clone(),
            keys: keys.to_vec(),
            hash: Script::new(SCRIPT).get_hash().to_owned(),
            tls,
            first: 0,
            owner: None,
            connection: None,
            danger: None,
            is_danger_known: false,
        })
    }

    /// Takes what is known of the server's eviction policy.
    pub(super) fn danger(&mut self) -> Option<String> {
        self.danger.take()
    }

    /// Whatever fails, the next exchange has a new connection: an answer that comes late is never read for another.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<Reply, Failure> {
        let connection = self.connection.take();
        let result = self.exchange_on(connection, request).await;
        if result.is_err() {
            self.owner = None;
        }
        result.map_err(|failure| self.without_password(failure))
    }

    async fn exchange_on(&mut self, kept: Option<MultiplexedConnection>, request: &Request) -> Result<Reply, Failure> {
        let mut may_have_died_idle = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let request = serde_json::to_string(request).map_err(|error| Failure::passing(error.to_string()))?;
        let mut asking = false;
        for _ in 0..MAX_REDIRECTIONS {
            let error = match self.call(&mut connection, &request, asking).await {
                Ok(reply) => {
                    self.connection = Some(connection);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            connection = match redirection(&error) {
                Some((address, for_this_call)) => {
                    asking = for_this_call;
                    if !for_this_call {
                        self.owner = Some(address.clone());
                    }
                    self.connect_to(&address).await?
                }
                // Sent once more, it is ignored if it was carried out.
                None if may_have_died_idle && error.is_io_error() => self.connect().await?,
                None => return Err(failure(&error)),
            };
            may_have_died_idle = false;
        }
        Err(Failure::passing("the cluster sends from one node to the next"))
    }

    async fn call(
        &self,
        connection: &mut MultiplexedConnection,
        request: &str,
        asking: bool,
    ) -> Result<Reply, RedisError> {
        let call = |name: &str, code: &str| {
            let mut call = cmd(name);
            call.arg(code).arg(self.keys.len()).arg(&self.keys).arg(request);
            call
        };
        match self.send(connection, call("EVALSHA", &self.hash), asking).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.send(connection, call("EVAL", SCRIPT), asking).await
            }
            result => result,
        }
    }

    async fn send(&self, connection: &mut MultiplexedConnection, call: Cmd, asking: bool) -> Result<Reply, RedisError> {
        if asking {
            cmd("ASKING").exec_async(connection).await?;
        }
        let value: Value = call.query_async(connection).await?;
        parse_reply(&value).ok_or_else(|| (ErrorKind::Parse, "the script's answer is not what it should be").into())
    }

    async fn connect(&mut self) -> Result<MultiplexedConnection, Failure> {
        let mut connection = match (&self.owner, &self.address.topology) {
            (Some(owner), _) => self.connect_to(owner).await?,
            (None, Topology::Single) => self.connect_to(&self.address.nodes[0]).await?,
            (None, Topology::Cluster) => self.connect_to_first().await?,
            (None, Topology::Sentinel { master }) => {
                let master = master.clone();
                let node = self.ask_sentinels(&master).await?;
                // A sentinel that still names a dead master is not the first again.
                self.first += 1;
                let connection = self.connect_to(&node).await?;
                self.first -= 1;
                connection
            }
        };
        if !self.is_danger_known {
            self.is_danger_known = true;
            self.danger = eviction_policy(&mut connection).await;
        }
        Ok(connection)
    }

    async fn connect_to_first(&mut self) -> Result<MultiplexedConnection, Failure> {
        let mut last = Failure::passing("there is no node");
        for node in self.nodes_in_turn() {
            match in_node_time(&node, self.connect_to(&node)).await {
                Ok(connection) => return Ok(connection),
                Err(failure) => last = failure,
            }
            self.first += 1;
        }
        Err(last)
    }

    /// Where the master is, as the first sentinel that answers says.
    async fn ask_sentinels(&mut self, master: &str) -> Result<Node, Failure> {
        let mut last = Failure::passing("there is no sentinel");
        for node in self.nodes_in_turn() {
            match in_node_time(&node, self.ask_sentinel(&node, master)).await {
                Ok(node) => return Ok(node),
                Err(failure) => last = failure,
            }
            self.first += 1;
        }
        Err(last)
    }

    /// All nodes, the one that answered last at the beginning.
    fn nodes_in_turn(&self) -> Vec<Node> {
        let mut nodes = self.address.nodes.clone();
        let first = self.first % nodes.len();
        nodes.rotate_left(first);
        nodes
    }

    async fn ask_sentinel(&self, sentinel: &Node, master: &str) -> Result<Node, Failure> {
        let mut connection = self.open_connection(sentinel).await?;
        let answer: Option<(String, u16)> = cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(master)
            .query_async(&mut connection)
            .await
            .map_err(|error| failure(&error))?;
        let (host, port) = answer.ok_or_else(|| Failure {
            text: format!("the sentinel {sentinel} knows no master of that name"),
            is_lasting: true,
        })?;
        Ok(Node::Tcp { host, port })
    }

    /// Logs in and selects the database by commands of our own: redis-rs keeps the server's word to itself.
    async fn connect_to(&self, node: &Node) -> Result<MultiplexedConnection, Failure> {
        let mut connection = self.open_connection(node).await?;
        if let Some(password) = &self.address.password {
            let mut login = cmd("AUTH");
            login.arg(self.address.user.as_deref()).arg(password.reveal());
            login.exec_async(&mut connection).await.map_err(|error| failure(&error))?;
        }
        if self.address.database != 0 {
            let mut select = cmd("SELECT");
            select.arg(self.address.database);
            select.exec_async(&mut connection).await.map_err(|error| failure(&error))?;
        }
        Ok(connection)
    }

    async fn open_connection(&self, node: &Node) -> Result<MultiplexedConnection, Failure> {
        let no_connection = |error: io::Error| Failure::passing(format!("no connection to {node}: {error}"));
        match node {
            Node::Unix(path) => speak(unix::connect(path).await.map_err(no_connection)?).await,
            Node::Tcp { host, port } => {
                let stream = connect_tcp(host, *port).await.map_err(no_connection)?;
                match &self.tls {
                    None => speak(stream).await,
                    Some(tls) => {
                        let name = ServerName::try_from(host.clone())
                            .map_err(|error| no_connection(io::Error::other(error)))?;
                        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
                        speak(stream.map_err(|error| tls_failure(node, &error))?).await
                    }
                }
            }
        }
    }

    fn without_password(&self, mut failure: Failure) -> Failure {
        if let Some(password) = &self.address.password {
            failure.text = password.redact(failure.text);
        }
        failure
    }
}

async fn in_node_time<T>(node: &Node, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Err(Failure::passing(format!("{node} does not answer within {} ms", NODE_TIME.as_millis())));
    timeout(NODE_TIME, work).await.unwrap_or_else(late)
}

async fn connect_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for mut address in look_up(host).await? {
        address.set_port(port);
        match timeout(NODE_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::path::Path;

    use tokio::net::UnixStream;

    pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
        UnixStream::connect(path).await
    }
}

#[cfg(not(unix))]
mod unix {
    use std::io;
    use std::path::Path;

    use tokio::net::TcpStream;

    pub(super) async fn connect(_path: &Path) -> io::Result<TcpStream> {
        Err(io::Error::other("there are no unix sockets on this system"))
    }
}

async fn speak<S>(stream: S) -> Result<MultiplexedConnection, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let login = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&login, stream, config).await.map_err(|error| failure(&error))?;
    tokio::spawn(driver);
    Ok(connection)
}

/// The eviction policy, if keys may be lost by it. A server that does not tell is no worse for it.
async fn eviction_policy(connection: &mut MultiplexedConnection) -> Option<String> {
    let text: String = cmd("INFO").arg("memory").query_async(connection).await.ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let policy = value("maxmemory_policy").filter(|policy| *policy != "noeviction")?;
    value("maxmemory").filter(|bytes| *bytes != "0")?;
    Some(policy.to_owned())
}

/// The node that a cluster sends to, and whether for this one call.
fn redirection(error: &RedisError) -> Option<(Node, bool)> {
    let (address, _) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let node = Node::Tcp { host: host.to_owned(), port: port.parse().ok()? };
    Some((node, error.kind() == ErrorKind::Server(ServerErrorKind::Ask)))
}

fn failure(error: &RedisError) -> Failure {
    let text = error.to_string();
    let has_one_of = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_lasting = !has_one_of(&PASSING) && (error.kind() == ErrorKind::Parse || has_one_of(&LASTING));
    Failure { text, is_lasting }
}

/// A certificate that does not hold is a lasting fault; a connection that broke is not.
fn tls_failure(node: &Node, error: &io::Error) -> Failure {
    let is_lasting = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    Failure { text: format!("no TLS with {node}: {error}"), is_lasting }
}

pub(super) fn parse_reply(value: &Value) -> Option<Reply> {
    let [status, time, epoch, version, rest, reason, pause, look, wait, grants, bounds, free] = &list(value)?[..]
    else {
        return None;
    };
    Some(Reply {
        status: match number(status)? {
            0 => Status::Done,
            1 => Status::Replay,
            2 => Status::Late,
            _ => return None,
        },
        time: number(time)?,
        epoch: number(epoch)?,
        version: number(version)?,
        rest: number(rest)?,
        reason: redis::from_redis_value_ref(reason).ok()?,
        pause: number(pause)?,
        look: match look {
            Value::Int(-1) => None,
            look => Some(number(look)?),
        },
        wait: number(wait)?,
        grants: numbers(grants)?,
        bounds: numbers(bounds)?,
        free: list(free)?.iter().map(numbers).collect::<Option<_>>()?,
    })
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    if let Value::Array(values) = value { Some(values) } else { None }
}

fn number(value: &Value) -> Option<Micros> {
    if let Value::Int(number) = value { Micros::try_from(*number).ok() } else { None }
}

fn numbers(value: &Value) -> Option<Vec<u64>> {
    list(value)?.iter().map(number).collect()
}
