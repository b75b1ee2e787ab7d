//! What every service promises, held by this one.
// REQ: E-14, E-15, E-29, E-41

use regionmig_kms::Kms;
use regionmig_testkit::conforms;

#[tokio::test]
async fn keys_keep_every_promise_of_a_service() {
    let conformed = conforms(crate::account::one_of_each, Kms::new).await;
    assert!(conformed.steps >= 10, "{conformed}");
    println!("shown: conformance_kms {conformed}");
}
