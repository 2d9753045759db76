//! What is measured: a framework, with or without authentication.

use clap::ValueEnum;

/// The web framework.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Framework {
    Axum,
    Actix,
    Express,
    Fastify,
}

/// What stands before the handler.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Guard {
    /// Nothing.
    Bare,
    /// `RequireSession`; every request brings the same token, which is in the cache.
    Warm,
    /// `RequireSession`; every request brings a token that is not in the cache, and takes another one's place there.
    Cold,
    /// `RequireSession` with the cache off.
    Off,
    /// Clerk's own middleware for Node.js.
    Clerk,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Contestant {
    pub(crate) framework: Framework,
    pub(crate) guard: Guard,
}

impl Contestant {
    /// All there are, in the order of the report.
    pub(crate) fn all(with_node: bool) -> Vec<Self> {
        let frameworks = [
            Framework::Axum,
            Framework::Actix,
            Framework::Express,
            Framework::Fastify,
        ];
        frameworks
            .into_iter()
            .filter(|framework| with_node || !framework.is_node())
            .flat_map(|framework| {
                let guards = framework.guards().iter();
                guards.map(move |&guard| Self { framework, guard })
            })
            .collect()
    }

    /// The server with the same framework and no authentication.
    pub(crate) fn bare(self) -> Self {
        Self {
            guard: Guard::Bare,
            ..self
        }
    }

    /// For the report; the framework's version stands beside it there.
    pub(crate) fn title(self) -> String {
        let name = self.framework.name();
        match self.guard {
            Guard::Bare => format!("{name}, no authentication"),
            Guard::Warm => format!("{name}, token in the cache"),
            Guard::Cold => format!("{name}, every token new"),
            Guard::Off => format!("{name}, cache off"),
            Guard::Clerk => format!("{name}, {}", self.framework.middleware()),
        }
    }
}

impl Framework {
    pub(crate) fn is_node(self) -> bool {
        matches!(self, Self::Express | Self::Fastify)
    }

    /// The package's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix-web",
            Self::Express => "express",
            Self::Fastify => "fastify",
        }
    }

    /// The package that brings authentication.
    pub(crate) fn middleware(self) -> &'static str {
        match self {
            Self::Axum => "clerk-axum",
            Self::Actix => "clerk-actix",
            Self::Express => "@clerk/express",
            Self::Fastify => "@clerk/fastify",
        }
    }

    fn guards(self) -> &'static [Guard] {
        if self.is_node() {
            &[Guard::Bare, Guard::Clerk]
        } else {
            &[Guard::Bare, Guard::Warm, Guard::Cold, Guard::Off]
        }
    }
}
