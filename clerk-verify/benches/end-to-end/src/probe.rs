//! One request by hand, to see that a server does what it should before it is measured.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{Result, contestant::Guard, credentials::Credentials, process::Server, servers::BODY};

const PATIENCE: Duration = Duration::from_secs(5);
/// No answer here comes near it.
const MOST_BYTES: usize = 64 * 1024;

/// Fails unless the server lets those in whom it should, and nobody else. Returns the size of a good answer, in bytes.
pub(crate) fn check(server: &Server, credentials: &Credentials) -> Result<usize> {
    let title = server.contestant.title();
    let header = format!("{}: {}\r\n", credentials.header, credentials.first());
    let good = ask(server.address, &header)?;
    if status(&good) != Some("200") || !good.ends_with(BODY) {
        return Err(format!("{title}: a request with a good token was answered\n{good}").into());
    }
    let wanted = match server.contestant.guard {
        Guard::Bare => "200",
        Guard::Warm | Guard::Cold | Guard::Off | Guard::Clerk => "401",
    };
    let other = ask(server.address, "")?;
    if status(&other) != Some(wanted) {
        return Err(format!("{title}: a request without a token was answered\n{other}").into());
    }
    Ok(good.len())
}

fn status(answer: &str) -> Option<&str> {
    answer.split(' ').nth(1)
}

/// The connection is kept alive, as those are that are measured: an answer that closes it has other headers.
fn ask(address: SocketAddr, header: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\n{header}\r\n")?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !is_whole(&answer) {
        let read = stream.read(&mut part)?;
        answer.extend(part.iter().take(read));
        if read == 0 || answer.len() > MOST_BYTES {
            return Err("an answer without an end".into());
        }
    }
    Ok(String::from_utf8(answer)?)
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
