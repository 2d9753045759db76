#![no_main]

libfuzzer_sys::fuzz_target!(init: clerk_verify_fuzz::harness::start("permissions"), |input: &[u8]| {
    clerk_verify_fuzz::harness::run(clerk_verify_fuzz::targets::permissions::run, input);
});

libfuzzer_sys::fuzz_mutator!(
    |input: &mut [u8], size: usize, max_size: usize, seed: u32| {
        // One in four as libFuzzer would do it.
        let own = (!seed.is_multiple_of(4))
            .then(|| clerk_verify_fuzz::targets::permissions::mutate(input, size, max_size, seed));
        own.flatten()
            .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(input, size, max_size))
    }
);
