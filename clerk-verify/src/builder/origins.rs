//! Where the options of a verifier come from.

/// The options that were taken from the environment, each with its variable.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Vec<(&'static str, &'static str)>);

impl Origins {
    pub(super) fn taken(&mut self, option: &'static str, variable: &'static str) {
        self.0.push((option, variable));
    }

    /// The variable, where the option was taken from one.
    pub(super) fn variable(&self, option: &str) -> Option<&'static str> {
        let (_, variable) = self.0.iter().find(|(known, _)| *known == option)?;
        Some(variable)
    }

    /// The variable, or the name of the option where it was set in code.
    pub(super) fn of(&self, option: &str) -> String {
        match self.variable(option) {
            Some(variable) => variable.to_owned(),
            None => format!("`{option}`"),
        }
    }

    pub(super) fn of_all(&self, options: &[&str]) -> String {
        let all: Vec<String> = options.iter().map(|option| self.of(option)).collect();
        all.join(", ")
    }
}
