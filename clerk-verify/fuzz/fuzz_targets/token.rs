#![no_main]

libfuzzer_sys::fuzz_target!(init: clerk_verify_fuzz::harness::start("token"), |input: &[u8]| {
    clerk_verify_fuzz::harness::run(clerk_verify_fuzz::targets::token::run, input);
});
