//! One cell of the table, measured in a process of its own: a library that crashes or hangs takes nothing with it.

use std::{env, io::Read as _, process::Stdio, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    Result,
    libraries::Library,
    material::Material,
    scenario::{NotReady, Scenario},
};

/// The first argument of the process that measures.
pub(crate) const COMMAND: &str = "cell";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) library: Library,
    pub(crate) scenario: Scenario,
    /// Whether the key server says how long its keys are fresh.
    pub(crate) cache_headers: bool,
}

impl Cell {
    /// Measures it in another process, and gives up when that takes too long.
    pub(crate) async fn measure_apart(self, material: Arc<str>) -> Result<String> {
        let mut child = self.spawn()?;
        let measured = timeout(self.scenario.limit(), talk(&mut child, &material)).await;
        let Ok(talked) = measured else {
            child.kill().await?;
            return Ok("hung".to_owned());
        };
        let (text, complaints) = talked?;
        let status = child.wait().await?;
        for line in complaints.lines().filter(|line| !line.is_empty()) {
            let row = self.scenario.number();
            eprintln!("row {row}, {}: {line}", self.library.heading());
        }
        match text.lines().last() {
            Some(text) if status.success() => Ok(text.to_owned()),
            _ => Ok("crashed".to_owned()),
        }
    }

    fn spawn(self) -> Result<Child> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(COMMAND)
            .arg(self.library.heading())
            .arg(self.scenario.number().to_string())
            .arg(self.cache_headers.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Nothing leaves this machine, whatever the libraries think of proxies.
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        Ok(command.spawn()?)
    }

    /// What the arguments after the command say.
    pub(crate) fn from_arguments(arguments: &[String]) -> Result<Self> {
        let [library, scenario, cache_headers] = arguments else {
            return Err("a cell is a library, a row and whether there are cache headers".into());
        };
        Ok(Self {
            library: Library::ALL
                .into_iter()
                .find(|known| known.heading() == library)
                .ok_or("no such library")?,
            scenario: scenario_numbered(scenario)?,
            cache_headers: cache_headers.parse()?,
        })
    }

    /// Measures it in this process, which was started for it.
    pub(crate) async fn measure_here(self) -> Result<String> {
        let mut json = String::new();
        std::io::stdin().read_to_string(&mut json)?;
        let material = Material::from_json(&json)?;
        let measured = self
            .scenario
            .measure(self.library, &material, self.cache_headers)
            .await;
        measured.or_else(|error| match error.downcast::<NotReady>() {
            Ok(not_ready) => Ok(not_ready.to_string()),
            Err(error) => Err(error),
        })
    }
}

pub(crate) fn scenario_numbered(number: &str) -> Result<Scenario> {
    let number: usize = number.parse()?;
    let scenario = Scenario::ALL
        .into_iter()
        .find(|scenario| scenario.number() == number);
    Ok(scenario.ok_or("no such row")?)
}

async fn talk(child: &mut Child, material: &str) -> Result<(String, String)> {
    let mut input = child.stdin.take().ok_or("no input")?;
    let mut output = child.stdout.take().ok_or("no output")?;
    let mut errors = child.stderr.take().ok_or("no error output")?;
    let (mut text, mut complaints) = (String::new(), String::new());
    let (_, read, complained) = tokio::join!(
        async {
            // A process that has crashed takes no input; its status tells.
            let _ = input.write_all(material.as_bytes()).await;
            drop(input);
        },
        output.read_to_string(&mut text),
        errors.read_to_string(&mut complaints),
    );
    read?;
    complained?;
    Ok((text, complaints))
}
