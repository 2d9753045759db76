//! The peers that run on Node.js: one process for all of them, which lives as long as the measurement.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    rc::Rc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Result,
    contestant::{Contestant, Group},
    material::Material,
    versions,
};

/// What the table calls them, what the process calls them, and the package they are in.
const PEERS: [(&str, &str, &str); 4] = [
    (
        "@clerk/backend, verifyToken",
        "verify-token",
        "@clerk/backend",
    ),
    (
        "@clerk/backend, authenticateRequest",
        "authenticate-request",
        "@clerk/backend",
    ),
    ("jose, jwtVerify with a key", "jose-key", "jose"),
    ("jose, jwtVerify with a key set", "jose-key-set", "jose"),
];

/// The version of Node.js, where it is there.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned())
}

/// All of them, in a process that has been started for them.
pub(crate) fn all(material: &Material) -> Result<Vec<Box<dyn Contestant>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    install(&folder)?;
    let process = Rc::new(RefCell::new(Process::start(&folder, material)?));
    let peer = |(name, command, package)| -> Box<dyn Contestant> {
        Box::new(Peer {
            name,
            command,
            version: versions::installed(&folder, package),
            process: Rc::clone(&process),
        })
    };
    Ok(PEERS.into_iter().map(peer).collect())
}

/// Does nothing where it has been done.
fn install(folder: &Path) -> Result<()> {
    if folder.join("node_modules").exists() {
        return Ok(());
    }
    eprintln!("installing the packages for Node.js");
    let status = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        // What it says is not part of the table.
        .stdout(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("npm ci failed".into()),
    }
}

struct Peer {
    name: &'static str,
    command: &'static str,
    version: String,
    process: Rc<RefCell<Process>>,
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn group(&self) -> Group {
        Group::Node
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let line = format!("check {} {token}", self.command);
        let answer = self.process.borrow_mut().ask(&line)?;
        let subject = answer.strip_prefix("subject ").ok_or(answer.as_str())?;
        Ok(subject.to_owned())
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        let line = format!("run {} {count} {token}", self.command);
        let answer = self.process.borrow_mut().ask(&line)?;
        let time = answer.strip_prefix("time ").ok_or(answer.as_str())?;
        Ok(Duration::from_micros(time.parse()?))
    }
}

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(folder: &Path, material: &Material) -> Result<Self> {
        let mut child = Command::new("node")
            .arg("peers.js")
            .current_dir(folder)
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let issuer = &material.issuer;
        let jwks: Value = serde_json::from_str(&issuer.jwks_json())?;
        let set_up = json!({
            "pem": issuer.public_pem(),
            "jwks": jwks,
            "issuer": issuer.issuer(),
            "authorizedParty": issuer.authorized_party(),
            "publishableKey": issuer.publishable_key(),
        });
        writeln!(input, "{set_up}")?;
        Ok(Self {
            child,
            input,
            output,
        })
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        writeln!(self.input, "{line}")?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
