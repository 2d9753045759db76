//! What a process holds: tasks, open handles, bytes.

use std::fs;

use peak_alloc::PeakAlloc;

use super::running::Running;

/// Counted at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    /// In the runtimes of the server.
    pub(super) tasks: usize,
    /// Files and sockets of the process.
    pub(super) handles: usize,
    /// Allocated and not freed, in the process.
    pub(super) bytes: usize,
}

impl Counts {
    /// Of the process, and of the server if there is one.
    pub(super) fn now(server: Option<&Running>) -> Self {
        let open = fs::read_dir("/proc/self/fd");
        let bytes = PeakAlloc.current_usage();
        assert!(
            bytes > 0,
            "`PeakAlloc` is not the allocator of this process"
        );
        Self {
            tasks: server.map_or(0, Running::alive_tasks),
            handles: open.expect("the platform lists open handles").count(),
            bytes,
        }
    }

    /// Whether there is no more of anything.
    pub(super) fn is_within(self, most: Self) -> bool {
        self.max(most) == most
    }

    /// The more of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            tasks: self.tasks.max(other.tasks),
            handles: self.handles.max(other.handles),
            bytes: self.bytes.max(other.bytes),
        }
    }
}
