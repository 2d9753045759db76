//! Reading what callgrind wrote: the format is <https://valgrind.org/docs/manual/cl-format.html>.

/// The functions that a program allocates with.
const ALLOCATOR: [&str; 6] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
];

/// The instructions of the whole profile but for those of the allocator, and of what it calls.
pub(crate) fn instructions(profile: &str) -> u64 {
    let (mut all, mut allocating) = (0, 0);
    let (mut caller, mut callee) = ("", "");
    let mut lines = profile.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("fn=") {
            caller = name;
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if line.starts_with("calls=") {
            // The next line is what the calls cost, which stands once more with the callee itself.
            let inclusive = lines.next().map_or(0, cost);
            if is_allocator(callee) && !is_allocator(caller) {
                allocating += inclusive;
            }
        } else if line.starts_with(['+', '-', '*'])
            || line.starts_with(|c: char| c.is_ascii_digit())
        {
            all += cost(line);
        }
    }
    assert!(
        allocating < all,
        "{allocating} of {all} instructions allocate"
    );
    all - allocating
}

fn is_allocator(function: &str) -> bool {
    ALLOCATOR.contains(&function)
}

/// `LINE COST`.
fn cost(line: &str) -> u64 {
    let cost = line.split(' ').nth(1);
    cost.map_or(0, |cost| cost.parse().expect("a number of instructions"))
}
