//! The tokens that requests bring, and the files with them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clerk_verify::testing::TestIssuer;
use tempfile::TempDir;

use crate::{Result, contestant::Guard};

/// How many tokens the cache of [`Guard::Cold`] holds.
pub(crate) const SMALL_CACHE: u64 = 8;
/// How many tokens take turns there. So many other ones come before a token comes again that the cache has long lost it.
pub(crate) const TURNS: usize = 4_000;

const LIFETIME: Duration = Duration::from_secs(3600);

/// One header of every request, with files of values for it.
pub(crate) struct Credentials {
    /// The header's name.
    pub(crate) header: &'static str,
    first: String,
    folder: TempDir,
}

impl Credentials {
    /// Signs the tokens, which takes some seconds.
    pub(crate) fn make(as_cookie: bool) -> Result<Self> {
        let (header, start, end) = if as_cookie {
            // What a browser on the application's own pages sends. Clerk's middleware for Node.js wants to know of
            // the two other cookies before it reads the first.
            (
                "Cookie",
                "__session=",
                "; __client_uat=1; __clerk_db_jwt=dvb_test",
            )
        } else {
            ("Authorization", "Bearer ", "")
        };
        let issuer = TestIssuer::new();
        let values: Vec<String> = (0..TURNS)
            .map(|number| {
                // As long as Clerk's ids are.
                let token = issuer
                    .token()
                    .user(format!("user_{number:027}"))
                    .session_id(format!("sess_{number:027}"))
                    .lifetime(LIFETIME);
                format!("{start}{}{end}", token.sign())
            })
            .collect();
        let first = values.first().cloned().unwrap_or_default();
        let folder = TempDir::new()?;
        fs::write(folder.path().join("one"), &first)?;
        fs::write(folder.path().join("many"), values.join("\n"))?;
        Ok(Self {
            header,
            first,
            folder,
        })
    }

    /// The header's value that is the first in each file.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }

    /// The file with the values, one a line, for the server with this guard.
    pub(crate) fn file(&self, guard: Guard) -> PathBuf {
        self.folder().join(match guard {
            Guard::Cold => "many",
            Guard::Bare | Guard::Warm | Guard::Off | Guard::Clerk => "one",
        })
    }

    /// Is removed with this value.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
