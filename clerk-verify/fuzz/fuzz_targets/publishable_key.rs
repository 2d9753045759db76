#![no_main]

libfuzzer_sys::fuzz_target!(init: clerk_verify_fuzz::harness::start("publishable_key"), |input: &[u8]| {
    clerk_verify_fuzz::harness::run(clerk_verify_fuzz::targets::publishable_key::run, input);
});
