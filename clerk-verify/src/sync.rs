//! What threads meet at, and where tasks are started. In tests with `--cfg shuttle` these are the checker's, which
//! tries the orders in which threads can get there (`interleavings/`); everywhere else they are what their names say.

#[cfg(not(all(test, shuttle)))]
pub(crate) use self::usual::*;

#[cfg(all(test, shuttle))]
pub(crate) use self::checked::*;

#[cfg(not(all(test, shuttle)))]
mod usual {
    pub(crate) use std::sync::OnceLock;
    #[cfg(feature = "cache")]
    pub(crate) use std::sync::atomic::AtomicI64;
    #[cfg(feature = "remote")]
    pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

    #[cfg(feature = "remote")]
    pub(crate) use arc_swap::{ArcSwapOption, Guard};
    #[cfg(feature = "remote")]
    pub(crate) use tokio::{spawn, task::AbortHandle};
}

#[cfg(all(test, shuttle))]
mod checked;
