//! One budget for several processes: real workers, real servers, and what the stand-in of the API has seen.

#![allow(clippy::unwrap_used)] // a failed unwrap fails the test
#![allow(dead_code)] // no test program uses all of the helpers

mod common;
mod shared;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use std::{fs, thread};

use common::{StandIn, ask};
use serde_json::json;
use shared::servers::{Folder, PATIENCE, PROGRAMS, Server, await_some};
use shared::workers::{
    Place, Worker, arrivals, await_arrivals, await_exceeded, await_silence, check_windows, count, total,
};
use tokio::sync::mpsc;
use tokio::time::timeout;
use wts_session::{Client, CompleteOptions, ErrorKind, Event, Observer, RateLimit};

/// A short window and a long one, for the stand-in and for workers.
const API: [&str; 9] =
    ["--create-unknown", "--limit", "60/1", "--limit", "120/6", "--latency", "0..100", "--arrival-delay", "0..300"];
const WORKER: [&str; 6] = ["--limit", "60/1", "--limit", "120/6", "--reserve", "0"];

/// A URL of a file ledger in a folder of its own.
fn file_ledger() -> (Folder, String) {
    let folder = Folder::new();
    let url = format!("file://{}/ledger", folder.path().display());
    (folder, url)
}

/// Eight processes with 125 sessions each under 200 in 5 s.
async fn eight_processes(ledger: &str) {
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "200/5"]);
    let place = Place::new(&stand_in, ledger, &["--limit", "200/5", "--reserve", "0"]);
    // All of them are there when the first rest is over.
    let mut workers = place.start_all(8, 125);
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
    let arrivals = arrivals(&stand_in).await;
    assert_eq!(count(&arrivals), 1000);
    let mut all: Vec<_> = arrivals.values().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let time = all[999] - all[0];
    assert!(time < 60.0, "{time} s; 20 s would be the least");
    // 100 each on an idle machine, as `make bench-shared` shows; a process that does not run for a second loses its turn.
    let served = arrivals.values().map(|times| times.iter().filter(|time| **time <= all[799]).count());
    assert!(served.clone().min() >= Some(40), "{:?}", served.collect::<Vec<_>>());
}

#[tokio::test]
async fn eight_processes_share_a_budget_in_redis() {
    let server = Server::start(&[]);
    eight_processes(&server.url()).await;
    let calls = server.script_calls();
    assert!(calls <= 1500, "{calls} script calls for 1,000 requests");
}

#[tokio::test]
async fn eight_processes_share_a_budget_in_a_file() {
    let (_folder, ledger) = file_ledger();
    eight_processes(&ledger).await;
}

#[tokio::test]
async fn every_version_of_the_server_does() {
    for program in PROGRAMS {
        let server = Server::start_program(program, &[], &[]);
        let stand_in = StandIn::start(&API);
        let mut workers = Place::new(&stand_in, &server.url(), &WORKER).start_all(3, 60);
        workers.iter_mut().for_each(|worker| drop(worker.await_success()));
        check_windows(&stand_in).await;
    }
}

#[tokio::test]
async fn slow_networks_exceed_no_window() {
    let server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "40/2", "--arrival-delay", "0..2000"]);
    let mut workers = Place::new(&stand_in, &server.url(), &["--limit", "40/2", "--reserve", "0"]).start_all(8, 25);
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

async fn workers_are_killed(ledger: &str) {
    let stand_in = StandIn::start(&API);
    let arguments = [&WORKER[..], &["--timeout", "5"]].concat();
    let place = Place::new(&stand_in, ledger, &arguments);
    let mut workers = place.start_all(8, 60);
    for round in 0..3 {
        await_arrivals(&stand_in, 60, PATIENCE).await;
        for number in 0..2 {
            // Dropping it kills it.
            workers[2 * round + number] = place.start(&format!("r{round}-{number}"), 20);
        }
    }
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn killed_workers_lose_no_slot_for_ever_and_exceed_nothing_in_redis() {
    let server = Server::start(&[]);
    workers_are_killed(&server.url()).await;
}

#[tokio::test]
async fn killed_workers_lose_no_slot_for_ever_and_exceed_nothing_in_a_file() {
    let (_folder, ledger) = file_ledger();
    workers_are_killed(&ledger).await;
}

/// Four workers; three times the ledger loses what it knows, while requests are sent.
async fn survives(server: &mut Server, reason: &str, mut lose: impl FnMut(&mut Server)) {
    let stand_in = StandIn::start(&API);
    let mut workers = Place::new(&stand_in, &server.url(), &WORKER).start_all(4, 150);
    for _ in 0..3 {
        await_arrivals(&stand_in, 60, PATIENCE).await;
        lose(server);
    }
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    let output: String = workers.iter().map(Worker::output).collect();
    assert!(output.contains(reason), "{reason}: {output}");
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_killed_server_loses_nothing() {
    survives(&mut Server::start(&[]), "its data is gone", |server| {
        server.kill();
        server.start_again();
    })
    .await;
}

#[tokio::test]
async fn an_old_snapshot_that_comes_back_loses_nothing() {
    let mut server = Server::start(&["--dbfilename", "old.rdb"]);
    let mut saved = false;
    survives(&mut server, "the server was restarted", |server| {
        if !std::mem::replace(&mut saved, true) {
            server.cli(&["SAVE"]);
        }
        server.kill();
        server.start_again();
    })
    .await;
}

#[tokio::test]
async fn a_flush_loses_nothing() {
    survives(&mut Server::start(&[]), "its data is gone", |server| drop(server.cli(&["FLUSHALL"]))).await;
}

#[tokio::test]
async fn deleted_keys_lose_nothing() {
    let mut keys = ["s", "w", "m"].into_iter().cycle();
    survives(&mut Server::start(&[]), "of its data is gone", |server| {
        let pattern = format!("*:{}", keys.next().unwrap());
        let key = server.cli(&["KEYS", &pattern]);
        assert_eq!(server.cli(&["DEL", &key]), "1");
    })
    .await;
}

#[tokio::test]
async fn an_older_state_that_comes_back_loses_nothing() {
    let copy = |server: &Server, from: &str, to: &str| {
        let script =
            format!("for _, key in ipairs(KEYS) do redis.call('COPY', '{from}' .. key, '{to}' .. key, 'REPLACE') end");
        let keys = server.cli(&["KEYS", "wts-session:*"]);
        let number = keys.lines().count().to_string();
        let mut command = vec!["EVAL", &script, &number];
        command.extend(keys.lines());
        server.cli(&command);
    };
    let mut saved = false;
    survives(&mut Server::start(&[]), "an older state came back", |server| {
        if !std::mem::replace(&mut saved, true) {
            copy(server, "", "saved:");
            thread::sleep(Duration::from_millis(1500));
        }
        copy(server, "saved:", "");
    })
    .await;
}

/// A replica that has not heard of the latest slots takes the place of its master.
#[tokio::test]
async fn a_lagging_replica_that_is_promoted_loses_nothing() {
    let mut master = Server::start(&[]);
    let port = master.port;
    let mut replica = Server::start(&["--replicaof", &format!("127.0.0.1 {port}"), "--repl-diskless-sync-delay", "0"]);
    await_some("the replica's copy", || replica.cli(&["INFO", "replication"]).contains("link_status:up").then_some(()));
    let stand_in = StandIn::start(&API);
    let proxy = shared::proxy::Proxy::start(port);
    let place = Place::new(&stand_in, &format!("redis://127.0.0.1:{}", proxy.port()), &WORKER);
    let mut workers = place.start_all(4, 150);
    for round in 0..3 {
        await_arrivals(&stand_in, 60, PATIENCE).await;
        replica.signal("-STOP");
        await_arrivals(&stand_in, 20, PATIENCE).await;
        master.kill();
        replica.signal("-CONT");
        replica.cli(&["REPLICAOF", "NO", "ONE"]);
        proxy.send_to(replica.port);
        if round < 2 {
            let replicaof = format!("127.0.0.1 {}", replica.port);
            let next = Server::start(&["--replicaof", &replicaof, "--repl-diskless-sync-delay", "0"]);
            await_some("the replica's copy", || {
                next.cli(&["INFO", "replication"]).contains("link_status:up").then_some(())
            });
            master = std::mem::replace(&mut replica, next);
        }
    }
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

/// libfaketime moves the server's clock. It does not get on with jemalloc, which Debian's server uses.
async fn clock_steps(steps: [&str; 3], reason: &str) {
    let folder = Folder::new();
    let clock = folder.path().join("clock");
    fs::write(&clock, "+0").unwrap();
    let environment = [
        ("LD_PRELOAD", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
        ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let mut server = Server::start_program("valkey-9.1", &[], &environment);
    let mut steps = steps.into_iter();
    survives(&mut server, reason, |_| fs::write(&clock, steps.next().unwrap()).unwrap()).await;
}

#[tokio::test]
async fn a_clock_that_goes_back_loses_nothing() {
    clock_steps(["-7", "-14", "-21"], "its clock").await;
}

#[tokio::test]
async fn a_clock_that_jumps_forward_loses_nothing() {
    clock_steps(["+4", "+8", "+12"], "its clock jumped").await;
}

/// The checks above can fail: without the replay, and with slots that are stamped when requests are sent.
#[tokio::test]
async fn the_controls_exceed_the_limits() {
    // The long window is so long that slow workers exceed it too.
    let limits = ["--limit", "60/1", "--limit", "120/30"];
    let stand_in = StandIn::start(&[&["--create-unknown"], &limits[..]].concat());
    let server = Server::start(&[]);
    let arguments = [&limits[..], &["--reserve", "0", "--fault", "no-replay"]].concat();
    let _workers = Place::new(&stand_in, &server.url(), &arguments).start_all(4, 150);
    await_arrivals(&stand_in, 100, PATIENCE).await;
    server.cli(&["FLUSHALL"]);
    await_exceeded(&stand_in).await;

    let stand_in = StandIn::start(&["--create-unknown", "--limit", "40/2", "--arrival-delay", "0..2000"]);
    let arguments = ["--limit", "40/2", "--reserve", "0", "--fault", "stamped-at-sending"];
    let server = Server::start(&[]);
    let _workers = Place::new(&stand_in, &server.url(), &arguments).start_all(4, 50);
    await_exceeded(&stand_in).await;
}

/// While `disturb` lasts, nothing is sent; then it goes on within a second.
async fn stops_and_goes_on(server: &Server, disturb: impl Fn(), settle: impl Fn()) {
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "100/1"]);
    let place = Place::new(&stand_in, &server.url(), &["--limit", "100/1", "--reserve", "0"]);
    let mut workers = place.start_all(2, 600);
    await_arrivals(&stand_in, 150, PATIENCE).await;
    disturb();
    let before = total(&stand_in).await;
    // No more slots than the limit has can have been granted before and used later, however late.
    let after = await_silence(&stand_in, Duration::from_secs(2)).await;
    assert!(after <= before + 100, "{} were sent without a grant", after - before);
    settle();
    let time = await_arrivals(&stand_in, 1, PATIENCE).await;
    assert!(time < Duration::from_secs(10), "went on after {time:?}; within 1 s on an idle machine");
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_frozen_server_grants_nothing() {
    let server = Server::start(&[]);
    stops_and_goes_on(&server, || server.signal("-STOP"), || server.signal("-CONT")).await;
}

#[tokio::test]
async fn a_server_without_memory_grants_nothing() {
    for program in PROGRAMS {
        let server = Server::start_program(program, &[], &[]);
        let set = |memory: &str| drop(server.cli(&["CONFIG", "SET", "maxmemory", memory]));
        stops_and_goes_on(&server, || set("1"), || set("0")).await;
    }
}

#[tokio::test]
async fn a_read_only_server_grants_nothing() {
    let master = Server::start(&[]);
    let server = Server::start(&[]);
    let port = master.port.to_string();
    stops_and_goes_on(
        &server,
        || drop(server.cli(&["REPLICAOF", "127.0.0.1", &port])),
        || drop(server.cli(&["REPLICAOF", "NO", "ONE"])),
    )
    .await;
}

fn builder(stand_in: &StandIn, ledger: &str) -> wts_session::ClientBuilder {
    Client::builder().api_key(stand_in.token()).base_url(stand_in.api()).shared_limits(ledger)
}

/// A bulk call of 60 sessions hears of a wait that is longer than the ledger's rest, and ends: 38 leave at once, since 2 of 40
/// in a minute are reserved.
async fn hears_of_a_long_wait(ledger: &str) {
    let stand_in = StandIn::start(&["--limit", "off", "--create-unknown"]);
    let (tell, mut told) = mpsc::unbounded_channel();
    let observer = Observer::new(move |event| {
        if let Event::Waiting { wait } = event
            && wait.as_secs() > 3
        {
            tell.send(*wait).unwrap();
        }
    });
    let limit = |requests, seconds| RateLimit { requests, period: Duration::from_secs(seconds) };
    let builder = builder(&stand_in, ledger).rate_limits([limit(100, 3), limit(40, 60)]);
    let client = builder.observer(observer).build().unwrap();
    let _bulk = client.complete_sessions((0..60).map(|number| format!("s-{number}")), CompleteOptions::new());
    let wait = timeout(Duration::from_secs(120), told.recv()).await.expect("it hears").unwrap();
    assert!(wait.as_secs() <= 60, "{wait:?} under {ledger}");
}

#[tokio::test]
async fn a_wait_of_a_minute_is_told_of() {
    let server = Server::start(&[]);
    let (_folder, file) = file_ledger();
    hears_of_a_long_wait(&server.url()).await;
    hears_of_a_long_wait(&file).await;
}

/// The error of a single call with a ledger that does not work, and how long it took.
async fn fails(stand_in: &StandIn, ledger: &str, total_timeout: Duration) -> (wts_session::Error, Duration) {
    let client = builder(stand_in, ledger).total_timeout(total_timeout).build().unwrap();
    let start = Instant::now();
    let error = client.complete_session("s", CompleteOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitsUnavailable, "{error}");
    assert_eq!((error.attempts(), error.may_have_been_applied()), (0, false));
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    assert_eq!(total(stand_in).await, 0);
    (error, start.elapsed())
}

#[tokio::test]
async fn single_calls_fail_when_the_ledger_is_gone_and_bulk_calls_wait() {
    let mut server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown"]);
    let url = server.url();
    server.kill();
    let (error, time) = fails(&stand_in, &url, Duration::from_secs(60)).await;
    assert!(
        error.retryable() && (Duration::from_secs(5)..Duration::from_secs(30)).contains(&time),
        "{time:?}: {error}"
    );
    let (_, time) = fails(&stand_in, &url, Duration::from_secs(1)).await;
    assert!(time < Duration::from_secs(5), "{time:?}");

    let mut worker = Place::new(&stand_in, &url, &[]).start("bulk", 10);
    worker.await_output("the ledger can't be used: no connection to 127.0.0.1");
    server.start_again();
    worker.await_success();
}

#[tokio::test]
async fn a_wrong_password_fails_at_once_and_is_not_shown() {
    let mut server = Server::start(&["--requirepass", "CANARY-right"]);
    server.log_in(&["--no-auth-warning", "-a", "CANARY-right"]);
    let stand_in = StandIn::start(&["--create-unknown"]);
    for (login, word) in [("", "NOAUTH"), (":CANARY-wrong@", "WRONGPASS"), ("nobody:CANARY-wrong@", "WRONGPASS")] {
        let url = format!("redis://{login}127.0.0.1:{}", server.port);
        let (error, time) = fails(&stand_in, &url, Duration::from_secs(60)).await;
        assert!(error.description().contains(word), "{error}");
        assert!(!error.retryable() && time < Duration::from_secs(5), "{time:?}: {error}");
    }
    let url = format!("redis://:CANARY-right@127.0.0.1:{}/7", server.port);
    Place::new(&stand_in, &url, &[]).start("right", 5).await_success();
}

#[tokio::test]
async fn least_rights_are_enough_and_less_is_told() {
    let mut server = Server::start(&["--requirepass", "CANARY"]);
    server.log_in(&["--no-auth-warning", "-a", "CANARY"]);
    let docs = include_str!("../../docs/several-processes.md");
    let rights = docs.lines().find_map(|line| line.trim().strip_prefix("ACL SETUSER wts on >PASSWORD ")).unwrap();
    let mut command = vec!["ACL", "SETUSER", "wts", "on", ">CANARY-wts"];
    command.extend(rights.split(' '));
    server.cli(&command);
    let stand_in = StandIn::start(&["--create-unknown"]);
    let url = format!("redis://wts:CANARY-wts@127.0.0.1:{}", server.port);
    server.cli(&["ACL", "SETUSER", "wts", "-zadd"]);
    let (error, _) = fails(&stand_in, &url, Duration::from_secs(60)).await;
    assert!(!error.retryable() && error.description().contains("can't run this command"), "{error}");
    server.cli(&["ACL", "SETUSER", "wts", "+zadd"]);
    Place::new(&stand_in, &url, &[]).start("least", 30).await_success();
}

#[tokio::test]
async fn another_service_on_the_port_gets_nothing_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let stand_in = StandIn::start(&["--create-unknown"]);
    let (_, time) = fails(&stand_in, &format!("redis://127.0.0.1:{port}"), Duration::from_secs(60)).await;
    assert!(time < Duration::from_secs(30), "{time:?}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    fails(&stand_in, &url, Duration::from_secs(60)).await;
}

/// Whatever it is asked, also to log in and to select a database.
#[tokio::test]
async fn a_server_that_is_loading_its_data_grants_nothing_and_may_be_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                while stream.read(&mut [0; 100_000]).is_ok_and(|length| length > 0) {
                    let answer = b"-LOADING Redis is loading the dataset in memory\r\n";
                    if stream.write_all(answer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    let stand_in = StandIn::start(&["--create-unknown"]);
    for (login, database) in [("", ""), (":CANARY@", ""), ("", "/1")] {
        let url = format!("redis://{login}127.0.0.1:{port}{database}");
        let (error, _) = fails(&stand_in, &url, Duration::from_secs(1)).await;
        assert!(error.retryable(), "{url}: {error}");
    }
}

#[tokio::test]
async fn one_429_pauses_everybody() {
    let server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "off", "--latency", "20..40"]);
    let place = Place::new(&stand_in, &server.url(), &["--limit", "60/1", "--reserve", "0"]);
    let refusal = json!([{"status": 429, "headers": [["Retry-After", "3"]], "text": ""}]);
    stand_in.script("w0-20", refusal).await;
    let mut workers = place.start_all(4, 100);
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    let mut all: Vec<_> = arrivals(&stand_in).await.into_values().flatten().collect();
    all.sort_by(f64::total_cmp);
    let longest = all.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest > 2.7, "the longest time without a request was {longest} s");
}

#[tokio::test]
async fn neither_key_nor_password_is_told_to_the_server_or_the_log() {
    let mut server = Server::start(&["--requirepass", "CANARY-password", "--dbfilename", "dump.rdb"]);
    server.log_in(&["--no-auth-warning", "-a", "CANARY-password"]);
    let mut monitor = std::process::Command::new("redis-cli")
        .args(["--no-auth-warning", "-a", "CANARY-password", "-p", &server.port.to_string(), "MONITOR"])
        .stdout(fs::File::create(server.folder.path().join("monitor")).unwrap())
        .spawn()
        .unwrap();
    let stand_in = StandIn::start(&["--create-unknown"]);
    let url = format!("redis://:CANARY-password@127.0.0.1:{}", server.port);
    let output = Place::new(&stand_in, &url, &[]).start("secret", 20).await_success();
    server.cli(&["SAVE"]);
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    let mut seen = output.into_bytes();
    for name in ["monitor", "dump.rdb", "server.log"] {
        seen.extend(fs::read(server.folder.path().join(name)).unwrap());
    }
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("EVALSHA") && seen.contains("wts-session:{"), "nothing was seen");
    assert!(!seen.contains(stand_in.token()) && !seen.contains("CANARY"));
}

#[tokio::test]
async fn unix_sockets_and_prefixes() {
    let server = Server::start(&["--unixsocket", "redis.sock"]);
    let stand_in = StandIn::start(&["--create-unknown"]);
    let socket = server.folder.path().join("redis.sock");
    let url = format!("redis+unix://{}?db=3&prefix=team:", socket.display());
    Place::new(&stand_in, &url, &[]).start("socket", 5).await_success();
    let keys = server.cli(&["-n", "3", "KEYS", "*"]);
    assert!(keys.lines().count() >= 4 && keys.lines().all(|key| key.starts_with("team:{")), "{keys}");
}

#[tokio::test]
async fn tls_trusts_whom_the_system_trusts() {
    let certificates = shared::certificates::make();
    let file = |name: &str| certificates.path().join(name).display().to_string();
    let (port, certificate, key, authority) =
        (shared::servers::free_port().to_string(), file("server.crt"), file("server.key"), file("ca.crt"));
    let _server = Server::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ]);
    let stand_in = StandIn::start(&["--create-unknown"]);
    let url = format!("rediss://127.0.0.1:{port}");
    let mut place = Place::new(&stand_in, &url, &["--total-timeout", "30", "--single", "0"]);
    let output = place.start("untrusted", 1).await_end();
    assert!(output.contains("limits_unavailable") && output.contains("UnknownIssuer"), "{output}");
    place.environment.push(("SSL_CERT_FILE", authority));
    let output = place.start("trusted", 1).await_end();
    assert!(output.contains("ok after"), "{output}");
}

#[tokio::test]
async fn sentinels_tell_where_the_master_is() {
    let mut master = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replicaof = format!("127.0.0.1 {}", master.port);
    let replicas = [(); 2].map(|()| Server::start(&["--replicaof", &replicaof, "--repl-diskless-sync-delay", "0"]));
    let sentinels = [(); 3].map(|()| shared::sentinel::start(master.port));
    let ports = sentinels.each_ref().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).join(",");
    let replicas_known = || sentinels[0].cli(&["SENTINEL", "replicas", "wts"]).matches("runid").count() == 2;
    await_some("the sentinel's knowledge", || replicas_known().then_some(()));
    await_some("the other sentinels", || {
        sentinels[0].cli(&["SENTINEL", "sentinels", "wts"]).contains("runid").then_some(())
    });
    let stand_in = StandIn::start(&API);
    let place = Place::new(&stand_in, &format!("redis+sentinel://{ports}/wts"), &WORKER);
    let mut workers = place.start_all(3, 120);
    await_arrivals(&stand_in, 60, PATIENCE).await;
    master.kill();
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
    assert!(replicas.iter().any(|replica| replica.cli(&["ROLE"]).starts_with("master")));
}

#[tokio::test]
async fn a_cluster_moves_the_keys_meanwhile() {
    let cluster = shared::cluster::Cluster::start();
    let stand_in = StandIn::start(&API);
    let place = Place::new(&stand_in, &cluster.url(), &WORKER);
    let mut workers = place.start_all(3, 150);
    for _ in 0..3 {
        await_arrivals(&stand_in, 50, PATIENCE).await;
        cluster.move_keys();
    }
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

async fn a_share_works_on(lose: impl Fn(&mut Server), come_back: impl Fn(&mut Server)) {
    let mut server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "80/2", "--limit", "200/20", "--latency", "0..50"]);
    let arguments = ["--limit", "80/2", "--limit", "200/20", "--reserve", "0", "--share", "0.125"];
    let place = Place::new(&stand_in, &server.url(), &arguments);
    let mut workers = place.start_all(8, 60);
    await_arrivals(&stand_in, 100, PATIENCE).await;
    lose(&mut server);
    workers[0].await_output("0.125 of the limits is used, after");
    await_arrivals(&stand_in, 60, PATIENCE).await;
    come_back(&mut server);
    workers[0].await_output("the ledger is used again");
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_share_of_the_limits_works_on_without_the_ledger() {
    a_share_works_on(Server::kill, Server::start_again).await;
}

/// It knows what it knew before, and nothing of what was sent meanwhile.
#[tokio::test]
async fn a_share_of_the_limits_works_on_while_the_ledger_is_frozen() {
    a_share_works_on(|server| server.signal("-STOP"), |server| server.signal("-CONT")).await;
}

async fn a_single_call_beside_bulk_calls(ledger: &str) {
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "40/1", "--latency", "100..200"]);
    let place = Place::new(&stand_in, ledger, &["--limit", "40/1"]);
    let _workers = place.start_all(3, 10_000);
    await_arrivals(&stand_in, 100, PATIENCE).await;
    let single = Place::new(&stand_in, ledger, &["--limit", "40/1", "--single", "0.25"]);
    let output = single.start("single", 30).await_end();
    assert_eq!(output.matches(": ok after").count(), 30, "{output}");
    let median: f64 = output.rsplit_once("median ").unwrap().1.trim().trim_end_matches(" ms").parse().unwrap();
    // A slot is free every 25 ms, and each process has its turn: 0.2 s on an idle machine. Without turns it would be minutes.
    assert!(median < 5000.0, "{median} ms");
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_single_call_in_one_process_has_its_turn_beside_bulk_calls_in_others() {
    let server = Server::start(&[]);
    a_single_call_beside_bulk_calls(&server.url()).await;
    let (_folder, ledger) = file_ledger();
    a_single_call_beside_bulk_calls(&ledger).await;
}

#[tokio::test]
async fn an_account_of_several_keys_has_one_budget() {
    let server = Server::start(&[]);
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "40/2"]);
    let bulk = |key: &str| {
        let client = builder(&stand_in, &server.url())
            .api_key(format!("{}_{key}", stand_in.token()))
            .shared_limits_account("the account")
            .rate_limits([RateLimit::new(40, Duration::from_secs(2))])
            .build()
            .unwrap();
        let ids = (0..60).map(|number| format!("{key}-{number}")).collect::<Vec<_>>();
        client.complete_sessions(ids, CompleteOptions::new()).in_order()
    };
    let (one, other) = tokio::join!(bulk("a"), bulk("b"));
    assert!(one.iter().chain(&other).all(|outcome| outcome.result.is_ok()));
    check_windows(&stand_in).await;
    assert_eq!(server.cli(&["KEYS", "*:m"]).lines().count(), 1);
}

#[tokio::test]
async fn what_can_be_told_without_a_connection_is_told_at_once() {
    let stand_in = StandIn::start(&[]);
    let folder = Folder::new();
    let read_only = folder.path().join("file");
    fs::write(&read_only, "").unwrap();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    for ledger in [
        format!("file://{}", read_only.display()),
        format!("file://{}/missing/deep", folder.path().display()),
        format!("file://{}", open.display()),
        "file:///proc/wts".to_owned(),
        "memcached://CANARY@host".to_owned(),
    ] {
        let error = builder(&stand_in, &ledger).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{ledger}");
        assert!(!error.to_string().contains("CANARY"), "{error}");
    }
}

#[tokio::test]
async fn the_file_is_for_its_user_alone_and_damage_begins_anew() {
    let (folder, ledger) = file_ledger();
    let stand_in = StandIn::start(&API);
    let place = Place::new(&stand_in, &ledger, &WORKER);
    let mut workers = place.start_all(3, 120);
    await_arrivals(&stand_in, 60, PATIENCE).await;
    let path = folder.path().join("ledger");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is = |extension: &str, path: &std::path::Path| path.extension().is_some_and(|it| it == extension);
    let state = files.iter().find(|path| is("json", path)).unwrap();
    let lock = files.iter().find(|path| is("lock", path)).unwrap();
    assert_eq!(mode(state), 0o600);
    // Under the lock: else a worker may put its own state in place of the damage before anybody has read that.
    let damage = |damage: &dyn Fn()| {
        let held = fs::File::open(lock).unwrap();
        held.lock().unwrap();
        damage();
    };
    damage(&|| fs::write(state, "{").unwrap());
    await_arrivals(&stand_in, 60, PATIENCE).await;
    damage(&|| files.iter().filter(|path| path.exists()).for_each(|path| fs::remove_file(path).unwrap()));
    workers.iter_mut().for_each(|worker| drop(worker.await_success()));
    let output: String = workers.iter().map(Worker::output).collect();
    assert!(output.contains("its data is gone"), "{output}");
    check_windows(&stand_in).await;
}

#[tokio::test]
async fn a_policy_that_evicts_is_told() {
    let server = Server::start(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let stand_in = StandIn::start(&["--create-unknown"]);
    let output = Place::new(&stand_in, &server.url(), &[]).start("told", 5).await_success();
    assert!(output.contains("maxmemory-policy allkeys-lru"), "{output}");
    assert_eq!(ask(stand_in.api(), "windows").await[0]["refused"], 0);
}

/// Runs one after the other, as cron does it, share a budget.
#[tokio::test]
async fn short_runs_one_after_the_other_share_a_budget() {
    let (_folder, ledger) = file_ledger();
    let stand_in = StandIn::start(&["--create-unknown", "--limit", "20/3"]);
    let place = Place::new(&stand_in, &ledger, &["--limit", "20/3"]);
    for number in 0..8 {
        place.start(&format!("run{number}"), 7).await_success();
    }
    check_windows(&stand_in).await;
}
