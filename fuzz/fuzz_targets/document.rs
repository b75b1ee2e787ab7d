#![no_main]

#[path = "../../crates/regionmig-core/tests/rewrite/hostile/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::document(data));
