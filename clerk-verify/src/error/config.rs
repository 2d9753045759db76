//! What is wrong with a set-up, all of it at once.

use std::{error::Error, fmt};

/// A verifier could not be built. Lists every mistake in its options, each with its remedy.
///
/// No message contains a key, not even a part of one.
///
/// ```
/// use clerk_verify::Verifier;
///
/// let error = Verifier::builder()
///     .jwks_url("http://keys.example.com/jwks.json")
///     .issuer("")
///     .build()
///     .unwrap_err();
///
/// assert_eq!(error.problems().len(), 2);
/// let text = error.to_string();
/// assert!(text.contains("`jwks_url`") && text.contains("https://"));
/// assert!(text.contains("`issuer`"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    /// Every mistake that was found; never empty.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let error = Verifier::builder().jwt_key("junk").build().unwrap_err();
    /// assert_eq!(error.problems()[0].option(), "jwt_key");
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// `Ok` where there are no problems.
    pub(crate) fn check(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let mistakes = if count == 1 { "mistake" } else { "mistakes" };
        write!(f, "{count} {mistakes} in the verifier's configuration:")?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl Error for ConfigError {}

/// One mistake in the options of a verifier.
///
/// ```
/// # use clerk_verify::Verifier;
/// let error = Verifier::builder().publishable_key("pk_live_").build().unwrap_err();
/// for problem in error.problems() {
///     println!("{}: found {}; {}", problem.option(), problem.found(), problem.remedy());
/// }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigProblem {
    option: &'static str,
    /// The environment variable that the option was taken from.
    variable: Option<&'static str>,
    found: String,
    remedy: &'static str,
}

impl ConfigProblem {
    pub(crate) fn new(
        option: &'static str,
        found: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            option,
            variable: None,
            found: found.into(),
            remedy,
        }
    }

    /// The same mistake, in one of several instances, counted from 1.
    pub(crate) fn in_instance(mut self, number: usize) -> Self {
        self.found = format!("in instance {number}: {}", self.found);
        self
    }

    /// The same mistake, in the variable that the option was taken from.
    pub(crate) fn taken_from(mut self, variable: Option<&'static str>) -> Self {
        self.variable = variable;
        self
    }

    /// The environment variable that the option was taken from, if it was.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let builder = Verifier::builder().with_env_from(|name| {
    ///     (name == "CLERK_JWT_KEY").then(|| "junk".to_owned())
    /// });
    /// let error = builder.build().unwrap_err();
    /// assert_eq!(error.problems()[0].option(), "jwt_key");
    /// assert_eq!(error.problems()[0].variable(), Some("CLERK_JWT_KEY"));
    /// ```
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable
    }

    /// The option, by its name in the builder; an environment variable where the mistake is in its form.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let error = Verifier::builder().jwt_key("junk").build().unwrap_err();
    /// assert_eq!(error.problems()[0].option(), "jwt_key");
    /// ```
    #[must_use]
    pub fn option(&self) -> &str {
        self.option
    }

    /// What was found there.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let error = Verifier::builder().jwt_key(" ").build().unwrap_err();
    /// assert_eq!(error.problems()[0].found(), "empty");
    /// ```
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What to do about it.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let error = Verifier::builder().build().unwrap_err();
    /// assert!(error.problems()[0].remedy().contains("publishable_key"));
    /// ```
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.remedy
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.option)?;
        if let Some(variable) = self.variable {
            write!(f, " (from {variable})")?;
        }
        write!(f, ": {}; {}", self.found, self.remedy)
    }
}
