//! The official SDK, in one process of Node.js that is asked case after case.

use std::{
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Result,
    answer::{Answer, Fields, SignedIn},
    case::Case,
    keys::PUBLIC_KEY,
};

pub(crate) struct Process {
    child: Child,
    answers: BufReader<ChildStdout>,
}

/// Where the cases go. The process ends when it is dropped.
pub(crate) struct Questions(BufWriter<ChildStdin>);

/// What it said, and by which token it signed somebody in.
pub(crate) struct Said {
    pub(crate) answer: Answer,
    pub(crate) token: Option<String>,
    /// Where it refuses a request: why it refuses the token that counts for this library, with nothing beside it. Empty where it
    /// accepts that.
    pub(crate) alone: Option<String>,
    /// As it was said, for people.
    pub(crate) text: String,
}

impl Process {
    pub(crate) fn start() -> Result<(Self, Questions)> {
        let mut child = Command::new("node")
            .arg("ask.mjs")
            .current_dir(folder())
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut questions = BufWriter::new(child.stdin.take().ok_or("no input")?);
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        writeln!(questions, "{}", json!({ "publicKey": PUBLIC_KEY }))?;
        Ok((Self { child, answers }, Questions(questions)))
    }

    /// The next answer, which is that case's.
    pub(crate) fn answer(&mut self, case: &Case) -> Result<Said> {
        let mut text = String::new();
        self.answers.read_line(&mut text)?;
        if text.is_empty() {
            return Err("the process of the official SDK has ended".into());
        }
        let said: Line = serde_json::from_str(&text)?;
        if said.number != case.number {
            return Err("the answers are not in the order of the questions".into());
        }
        let answer = match said.verdict.as_str() {
            "in" => Answer::In(Box::new(SignedIn {
                fields: said.fields,
                has: said.has,
            })),
            _ => Answer::Out(our_name(&said.reason).to_owned()),
        };
        Ok(Said {
            answer,
            token: said.token,
            alone: said.alone.map(|reason| our_name(&reason).to_owned()),
            text: text.trim().to_owned(),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Questions {
    /// `picked` is the token of the request that counts for this library.
    pub(crate) fn ask(&mut self, case: &Case, picked: Option<&str>) -> Result<()> {
        serde_json::to_writer(&mut self.0, &Question { case, picked })?;
        self.0.write_all(b"\n")?;
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

/// Node.js and the packages, with their versions.
pub(crate) fn versions() -> Result<String> {
    let output = Command::new("node").arg("--version").output()?;
    let node = String::from_utf8(output.stdout)?;
    let package = |name: &str| -> Result<String> {
        let manifest = folder()
            .join("node_modules")
            .join(name)
            .join("package.json");
        let manifest: Value = serde_json::from_slice(&std::fs::read(manifest)?)?;
        let version = manifest.get("version").and_then(Value::as_str);
        Ok(format!("{name} {}", version.unwrap_or("of no version")))
    };
    let (backend, shared) = (package("@clerk/backend")?, package("@clerk/shared")?);
    Ok(format!("{backend}, {shared}, Node.js {}", node.trim()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

#[derive(Serialize)]
struct Question<'a> {
    #[serde(flatten)]
    case: &'a Case,
    picked: Option<&'a str>,
}

#[derive(Deserialize)]
struct Line {
    number: u64,
    verdict: String,
    #[serde(default)]
    reason: String,
    token: Option<String>,
    alone: Option<String>,
    fields: Option<Fields>,
    #[serde(default)]
    has: Vec<bool>,
}

/// What is one thing under two names gets ours.
fn our_name(reason: &str) -> &str {
    match reason {
        "session-token-and-uat-missing" | "client-uat-but-no-session-token" => {
            "session-token-missing"
        }
        "session-token-nbf" => "token-not-active-yet",
        "session-token-iat-in-the-future" => "token-iat-in-the-future",
        _ if reason.starts_with("session-token-expired-refresh-") => "token-expired",
        _ => reason,
    }
}
