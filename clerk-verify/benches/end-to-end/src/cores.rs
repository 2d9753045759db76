//! Which core does what: the servers have one, the load generator another.

use std::process::{Command, Stdio};

use procfs::process::Process;

use crate::Result;

/// `None` where there is no core to choose, or nothing to choose it with.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) server: Option<u32>,
    pub(crate) load: Option<u32>,
}

impl Cores {
    pub(crate) fn choose() -> Result<Self> {
        let ranges = Process::myself()?.status()?.cpus_allowed_list;
        let mut cores = ranges
            .unwrap_or_default()
            .into_iter()
            .flat_map(|(first, last)| first..=last);
        let (server, load) = (cores.next(), cores.next());
        Ok(if load.is_some() && taskset_is_there() {
            Self { server, load }
        } else {
            Self {
                server: None,
                load: None,
            }
        })
    }

    pub(crate) fn are_chosen(self) -> bool {
        self.server.is_some()
    }

    /// The program on this core. `taskset` becomes the program, and its process id the program's.
    pub(crate) fn command(core: Option<u32>, program: &str) -> Command {
        let Some(core) = core else {
            return Command::new(program);
        };
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string(), program]);
        command
    }
}

fn taskset_is_there() -> bool {
    let mut command = Command::new("taskset");
    command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
