//! All costs of all cases.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    scene::{Case, WARM_UPS},
    valgrind,
};

#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// `None` without valgrind.
    pub(crate) instructions: Option<u64>,
    /// Those that the signature of the same token takes alone.
    pub(crate) floor: Option<u64>,
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
}

impl Cost {
    /// What is ours: the same on every CPU.
    pub(crate) fn beyond_floor(&self) -> Option<u64> {
        let instructions = self.instructions?;
        Some(instructions.saturating_sub(self.floor.unwrap_or_default()))
    }
}

pub(crate) type Costs = BTreeMap<String, Cost>;

pub(crate) fn all(cases: &[Case], with_instructions: bool) -> Costs {
    let mut costs = Costs::new();
    let mut jobs = Vec::new();
    for case in cases {
        let (cost, has_floor) = allocations(case);
        costs.insert(case.name.clone(), cost);
        jobs.push((case.name.as_str(), false));
        if has_floor {
            jobs.push((case.name.as_str(), true));
        }
    }
    if with_instructions {
        for (name, floor, instructions) in instructions(&jobs) {
            let cost = costs.get_mut(name).expect("a case that was counted");
            match floor {
                true => cost.floor = Some(instructions),
                false => cost.instructions = Some(instructions),
            }
        }
    }
    costs
}

/// And whether it gets as far as the signature.
fn allocations(case: &Case) -> (Cost, bool) {
    let scene = (case.build)();
    scene.warm_up();
    let mut verdict = None;
    let counted = allocation_counter::measure(|| verdict = Some(scene.play(WARM_UPS)));
    scene.check(verdict.expect("it was played"));
    let cost = Cost {
        instructions: None,
        floor: None,
        allocations: counted.count_total,
        bytes: counted.bytes_total,
    };
    (cost, scene.signed.is_some())
}

/// Side by side: instructions are the same however busy the machine is.
fn instructions<'n>(jobs: &[(&'n str, bool)]) -> Vec<(&'n str, bool, u64)> {
    let (next, counted) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(&(name, floor)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let instructions = valgrind::instructions(name, floor);
            counted.lock().unwrap().push((name, floor, instructions));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    counted.into_inner().unwrap()
}
