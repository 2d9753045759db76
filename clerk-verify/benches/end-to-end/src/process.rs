//! A server's process: started, checked, and ended when it is dropped.

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use clerk_verify::testing::TestIssuer;

use crate::{Result, contestant::Contestant, cores::Cores};

/// Where package.json is.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that listens.
pub(crate) struct Server {
    pub(crate) contestant: Contestant,
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Server {
    pub(crate) fn start(contestant: Contestant, cores: Cores) -> Result<Self> {
        let mut command = if contestant.framework.is_node() {
            node(contestant, cores)
        } else {
            let program = env::current_exe()?;
            let mut command = Cores::command(cores.server, &program.to_string_lossy());
            command.args(["serve", &contestant.framework.argument()]);
            command.arg(contestant.guard.argument());
            command
        };
        // It holds its standard input, and ends when that does: also if this program has no time to end it.
        let process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut server = Self {
            contestant,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            process,
        };
        let port = server
            .first_line()?
            .trim()
            .parse()
            .map_err(|_| format!("{}: the server did not start", contestant.title()))?;
        server.address.set_port(port);
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    fn first_line(&mut self) -> Result<String> {
        let output = self.process.stdout.take().ok_or("no standard output")?;
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            let read = output.read_line(&mut line);
            let _ = sender.send(read.map(|_| line));
            // Read on, so that a server that says more is not held up.
            output.lines().for_each(drop);
        });
        Ok(receiver.recv_timeout(PATIENCE)??)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether the servers on Node.js can be started.
pub(crate) fn node_is_there() -> bool {
    Path::new(NODE).join("node_modules").is_dir() && crate::versions::node().is_some()
}

fn node(contestant: Contestant, cores: Cores) -> Command {
    let issuer = TestIssuer::new();
    let mut command = Cores::command(cores.server, "node");
    command
        .arg("server.mjs")
        .arg(contestant.framework.argument())
        .arg(contestant.guard.argument())
        .current_dir(NODE)
        .env("NODE_ENV", "production")
        .env("CLERK_PUBLISHABLE_KEY", issuer.publishable_key())
        .env("CLERK_SECRET_KEY", format!("sk_test_{}", "x".repeat(42)))
        .env("CLERK_JWT_KEY", issuer.public_pem())
        .env("CLERK_AUTHORIZED_PARTIES", issuer.authorized_party())
        .env("CLERK_TELEMETRY_DISABLED", "1");
    command
}

trait Argument {
    fn argument(self) -> String;
}

impl<T: clap::ValueEnum> Argument for T {
    /// As the command line has it.
    fn argument(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}
