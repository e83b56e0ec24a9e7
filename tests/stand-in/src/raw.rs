use std::io;
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::complain;
use crate::connection::{Socket, drain, finish};

/// An answer by hand: bytes and pauses, and how the connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawAnswer {
    pub(crate) actions: Vec<Action>,
    pub(crate) ending: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Send(Bytes),
    Repeat { bytes: Bytes, times: u64, every: Duration },
    Wait(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Silence until the client goes.
    Stall,
}

/// Plays `answer` on `socket`; it is over early where the client goes.
pub(crate) async fn play(mut socket: Socket, answer: RawAnswer) {
    let completed = {
        let (reader, writer) = tokio::io::split(&mut socket);
        tokio::select! {
            biased;
            played = perform(writer, &answer) => played.is_ok(),
            () = drain(reader) => false,
        }
    };
    if !completed {
        return;
    }
    match answer.ending {
        Ending::Close => finish(socket).await,
        Ending::Stall => drain(socket).await,
        Ending::Reset => {
            if let Err(error) = socket.reset() {
                complain(&format!("cannot reset a connection: {error}"));
            }
        }
    }
}

async fn perform(mut writer: impl AsyncWrite + Unpin, answer: &RawAnswer) -> io::Result<()> {
    for action in &answer.actions {
        match action {
            Action::Send(bytes) => writer.write_all(bytes).await?,
            Action::Wait(pause) => tokio::time::sleep(*pause).await,
            Action::Repeat { bytes, times, every } if every.is_zero() => flood(&mut writer, bytes, *times).await?,
            Action::Repeat { bytes, times, every } => drip(&mut writer, bytes, *times, *every).await?,
        }
        writer.flush().await?;
    }
    Ok(())
}

/// Writes `bytes` that many times, many copies at a time.
async fn flood(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8], mut times: u64) -> io::Result<()> {
    const BLOCK: usize = 64 * 1024;
    let copies = (BLOCK / bytes.len().max(1)).max(1) as u64;
    let block = bytes.repeat(copies.min(times) as usize);
    while times >= copies {
        writer.write_all(&block).await?;
        times -= copies;
    }
    writer.write_all(&bytes.repeat(times as usize)).await
}

async fn drip(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8], times: u64, every: Duration) -> io::Result<()> {
    for _ in 0..times {
        writer.write_all(bytes).await?;
        writer.flush().await?;
        tokio::time::sleep(every).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_exactly_as_long_as_told() {
        for (text, times) in [("a", 0), ("a", 1), ("ab", 32_768), ("ab", 100_001), ("", 9)] {
            let mut written = Vec::new();
            flood(&mut written, text.as_bytes(), times).await.unwrap();
            assert_eq!(written.len() as u64, text.len() as u64 * times, "{text} {times}");
            assert!(written.chunks(text.len().max(1)).all(|part| part == text.as_bytes()));
        }
    }
}
