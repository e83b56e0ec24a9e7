//! The same moves are played to the ledger in Rust and to the one in Redis: their answers have to be the same.

use std::collections::BTreeMap;
use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value, cmd};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::exchange::{Age, Demand, Reply, Request, Status};
use super::machine::Machine;
use super::redis::parse_reply;
use crate::limiter::clock::Micros;

const SCRIPT: &str = include_str!("machine.lua");
const SECOND: Micros = 1_000_000;
const START: Micros = 1_700_000_000 * SECOND;
const LIMITS: [(u64, Micros, u64); 2] = [(20, 2 * SECOND, 1), (50, 12 * SECOND, 2)];

/// A server that ends with this.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Server {
    fn start(program: &PathBuf) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self { process, port }
    }

    async fn connect(&self) -> MultiplexedConnection {
        let deadline = Instant::now() + Duration::from_secs(60);
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", self.port)).await {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            sleep(Duration::from_millis(10)).await;
        };
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let login = RedisConnectionInfo::default();
        let (connection, driver) = MultiplexedConnection::new_with_config(&login, stream, config).await.unwrap();
        tokio::spawn(driver);
        connection
    }
}

/// The servers of `scripts/install-redis`, or those that `WTS_TEST_REDIS` names, separated as in PATH.
fn servers() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("WTS_TEST_REDIS") {
        return env::split_paths(&named).collect();
    }
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/redis"));
    ["redis-6.2", "redis-7.0", "valkey-9.1"].map(|name| folder.join(name)).to_vec()
}

/// The ledger in Redis, with a clock of its own.
struct InRedis {
    connection: MultiplexedConnection,
    script: String,
    name: String,
}

impl InRedis {
    fn new(connection: MultiplexedConnection, name: String) -> Self {
        const CLOCK: &str = "local now = server_time()";
        assert!(SCRIPT.contains(CLOCK));
        Self { connection, script: SCRIPT.replace(CLOCK, "local now = tonumber(ARGV[2])"), name }
    }

    fn keys(&self) -> [String; 5] {
        ["s", "l", "a", "m", "w"].map(|key| format!("{{{}}}:{key}", self.name))
    }

    async fn exchange(&mut self, request: &Request, now: Micros) -> Reply {
        let request = serde_json::to_string(request).unwrap();
        let mut call = cmd("EVAL");
        call.arg(&self.script).arg(5).arg(&self.keys()).arg(request).arg(now);
        let value: Value = call.query_async(&mut self.connection).await.unwrap();
        parse_reply(&value).unwrap()
    }

    async fn lose_everything(&mut self) {
        cmd("DEL").arg(&self.keys()).exec_async(&mut self.connection).await.unwrap();
    }
}

/// A process as it would be, with chance in place of calls.
#[derive(Clone, Debug)]
struct Player {
    name: String,
    call: u64,
    epoch: Micros,
    version: u64,
    next: u64,
    must_replay: bool,
    /// Light, and when it ended.
    slots: BTreeMap<u64, (bool, Option<Micros>)>,
    unused: Vec<u64>,
    untold: Vec<u64>,
}

impl Player {
    fn new(name: String) -> Self {
        let (slots, unused, untold) = Default::default();
        Self { name, call: 0, epoch: 0, version: 0, next: 1, must_replay: false, slots, unused, untold }
    }

    fn request(&mut self, chance: &mut fastrand::Rng, now: Micros) -> Request {
        self.call += u64::from(chance.u8(..20) > 0);
        for (number, (_, end)) in &mut self.slots {
            if end.is_none() && chance.bool() {
                if chance.u8(..8) == 0 {
                    self.unused.push(*number);
                } else {
                    *end = Some(now - chance.u64(..SECOND) + chance.u64(..SECOND));
                    self.untold.push(*number);
                }
            }
        }
        self.slots.retain(|number, _| !self.unused.contains(number));
        let age = |end: Option<Micros>| end.map_or(-(4 * SECOND as Age), |end| now as Age - end as Age);
        let all = self.slots.iter().map(|(number, (is_light, end))| (*number, u8::from(*is_light), age(*end)));
        let taken = if self.must_replay { all.collect() } else { Vec::new() };
        let ended = self.untold.iter().filter_map(|number| Some((*number, age(self.slots.get(number)?.1))));
        let demand = |limits: &[(u64, Micros, u64)], chance: &mut fastrand::Rng| Demand {
            limits: limits.to_vec(),
            light: chance.u64(..3),
            heavy: if chance.bool() { chance.u64(..30) } else { 0 },
        };
        let mut sets = vec![demand(&LIMITS, chance)];
        if chance.u8(..4) == 0 {
            sets.push(demand(&[(10, SECOND, 0)], chance));
        }
        let light = sets.iter().map(|set| set.light).sum();
        Request {
            process: self.name.clone(),
            call: self.call,
            epoch: self.epoch,
            version: self.version,
            lost: if chance.u8(..200) == 0 { "its clock jumped" } else { "" }.to_owned(),
            chance: chance.u64(..65_536),
            next: self.next,
            lease: 4 * SECOND,
            sets,
            asked: light,
            taken,
            ended: ended.collect(),
            unused: self.unused.clone(),
            refusal: match chance.u8(..60) {
                0 => vec![chance.i64(..1_000_000), -1],
                1 => vec![chance.i64(..1_000_000), chance.i64(..3_000_000)],
                _ => Vec::new(),
            },
            accepted: if chance.bool() { chance.i64(..1_000_000) } else { -1 },
            pause: if self.must_replay { chance.u64(..SECOND) } else { 0 },
        }
    }

    fn learn(&mut self, reply: &Reply) {
        match reply.status {
            Status::Late => {}
            Status::Replay => {
                self.epoch = reply.epoch;
                self.version = reply.version;
                self.must_replay = true;
            }
            Status::Done => {
                self.must_replay = false;
                self.version = reply.version;
                self.unused.clear();
                self.untold.clear();
                for grant in &reply.grants {
                    self.slots.insert(self.next, (grant % 2 == 0, None));
                    self.next += 1;
                }
            }
        }
    }
}

async fn play(seed: u64, connection: MultiplexedConnection) -> usize {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut in_redis = InRedis::new(connection, seed.to_string());
    let mut machine = Machine::default();
    let mut players: Vec<_> = (0..5).map(|number| Player::new(format!("p{number}"))).collect();
    let mut now = START;
    let mut granted = 0;
    for step in 0..250 {
        now += chance.u64(..SECOND / 5);
        match chance.u16(..400) {
            0 => now -= 7 * SECOND,
            1 => now += 70 * SECOND,
            2 => {
                in_redis.lose_everything().await;
                machine = Machine::default();
            }
            3 => {
                let place = chance.usize(..players.len());
                players[place] = Player::new(format!("q{step}"));
            }
            _ => {}
        }
        let player = &mut players[chance.usize(..5)];
        let request = player.request(&mut chance, now);
        let (expected, told) = (machine.exchange(&request, now), in_redis.exchange(&request, now).await);
        assert_eq!(told, expected, "seed {seed}, step {step}: {request:?}");
        granted += told.grants.len();
        // Some answers are lost on the way.
        if chance.u8(..20) > 0 {
            player.learn(&told);
        }
    }
    granted
}

#[tokio::test]
async fn the_script_and_the_machine_give_the_same_answers() {
    for program in servers() {
        let server = Server::start(&program);
        let mut granted = 0;
        for seed in 0..15 {
            granted += play(seed, server.connect().await).await;
        }
        assert!(granted > 400, "{granted} slots: the moves show nothing");
    }
}
