//! The load generator: runs `wrk` and reads what it says.

use std::{fs, io::ErrorKind, time::Duration};

use crate::{Result, cores::Cores, credentials::Credentials, process::Server};

/// What wrk does with the tokens.
const SCRIPT: &str = include_str!("wrk.lua");

/// How the load is made; the same for every server.
pub(crate) struct Load<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) connections: u32,
    pub(crate) cores: Cores,
}

/// What one run came to.
pub(crate) struct Run {
    pub(crate) requests: u64,
    pub(crate) time: Duration,
}

impl Load<'_> {
    /// Sends as many requests as the server answers. `before` is how many it had already: the tokens go on from there.
    ///
    /// # Errors
    ///
    /// Where a single request has failed or was not let in.
    pub(crate) fn run(
        &self,
        server: &Server,
        size: usize,
        before: u64,
        seconds: u32,
    ) -> Result<Run> {
        let script = self.credentials.folder().join("wrk.lua");
        fs::write(&script, SCRIPT)?;
        let mut command = Cores::command(self.cores.load, "wrk");
        command
            .args(["--threads", "1"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{seconds}s")])
            .arg("--script")
            .arg(script)
            .arg(format!("http://{}/", server.address))
            .arg("--")
            .arg(self.credentials.file(server.contestant.guard))
            .arg(self.credentials.header)
            .arg(before.to_string());
        let output = command.output().map_err(|error| match error.kind() {
            ErrorKind::NotFound => "wrk is not installed".to_owned(),
            _ => format!("wrk does not run: {error}"),
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let run = read(&text, size);
        run.map_err(|error| {
            let title = server.contestant.title();
            let complaint = String::from_utf8_lossy(&output.stderr);
            format!("{title}: {error}; wrk says\n{text}{complaint}").into()
        })
    }
}

fn read(output: &str, size: usize) -> Result<Run> {
    let number = |name: &str| -> Result<u64> {
        let found = output.lines().find_map(|line| {
            let (first, rest) = line.split_once('\t')?;
            (first == name).then(|| rest.trim())
        });
        Ok(found.ok_or_else(|| format!("no {name}"))?.parse()?)
    };
    for failure in [
        "failed-connections",
        "failed-reads",
        "failed-writes",
        "timeouts",
        "bad-statuses",
    ] {
        let count = number(failure)?;
        if count > 0 {
            return Err(format!("{count} {failure}").into());
        }
    }
    let requests = number("requests")?;
    if requests == 0 {
        return Err("no requests".into());
    }
    // For wrk a redirection is no failure, but it has another size than the answer. Those that come while it stops
    // are not counted.
    let average = number("bytes")? as f64 / requests as f64;
    if (average / size as f64 - 1.0).abs() > 0.01 {
        return Err(format!("answers of {average:.1} bytes instead of {size}").into());
    }
    Ok(Run {
        requests,
        time: Duration::from_micros(number("microseconds")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(bytes: u64, bad_statuses: u64) -> String {
        format!(
            "Running 1s test\nrequests\t100\nmicroseconds\t1000000\nbytes\t{bytes}\nfailed-connections\t0\n\
             failed-reads\t0\nfailed-writes\t0\ntimeouts\t0\nbad-statuses\t{bad_statuses}\n"
        )
    }

    #[test]
    fn a_good_run_is_counted() {
        let run = read(&output(13_000, 0), 130).unwrap();
        assert_eq!((run.requests, run.time), (100, Duration::from_secs(1)));
    }

    #[test]
    fn a_refused_request_fails_the_run() {
        assert!(read(&output(13_000, 1), 130).is_err());
    }

    #[test]
    fn answers_of_another_size_fail_the_run() {
        assert!(read(&output(15_000, 0), 130).is_err());
    }

    #[test]
    fn a_run_that_says_nothing_fails() {
        assert!(read("unable to connect", 130).is_err());
    }
}
