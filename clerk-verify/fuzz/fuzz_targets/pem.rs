#![no_main]

libfuzzer_sys::fuzz_target!(init: clerk_verify_fuzz::harness::start("pem"), |input: &[u8]| {
    clerk_verify_fuzz::harness::run(clerk_verify_fuzz::targets::pem::run, input);
});
