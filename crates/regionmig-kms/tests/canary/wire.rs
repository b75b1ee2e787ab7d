//! What goes over the wire and is secret: it is learned there, since AWS makes it.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_types::SdkConfig;
use serde_json::Value;

use crate::secrets::Canaries;

/// The members of KMS's requests and answers that are secret, and what they are.
const SECRET: [(&str, &str); 7] = [
    ("EncryptedKeyMaterial", "wrapped material"),
    ("GrantToken", "grant token"),
    ("ImportToken", "import token"),
    ("KeyStorePassword", "key store password"),
    ("Plaintext", "plaintext"),
    ("PrivateKeyPlaintext", "plaintext"),
    ("RawSecretAccessKey", "key store credential"),
];

/// Has every secret that goes over the wire planted.
pub(crate) fn listened(config: &SdkConfig, canaries: &Canaries) -> SdkConfig {
    let (inner, canaries) = (config.http_client().expect("the world"), canaries.clone());
    let client = http_client_fn(move |settings, components| {
        let inner = inner.http_connector(settings, components);
        SharedHttpConnector::new(Listener { inner, canaries: canaries.clone() })
    });
    config.to_builder().http_client(client).build()
}

#[derive(Debug)]
struct Listener {
    inner: SharedHttpConnector,
    canaries: Canaries,
}

impl HttpConnector for Listener {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        learn(request.body().bytes(), &self.canaries);
        if let Some(token) = request.headers().get("x-amz-security-token") {
            self.canaries.plant("session token", token.as_bytes());
        }
        let (answer, canaries) = (self.inner.call(request), self.canaries.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            learn(answer.body().bytes(), &canaries);
            Ok(answer)
        })
    }
}

fn learn(body: Option<&[u8]>, canaries: &Canaries) {
    let json = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    json.iter().for_each(|json| learn_from(json, canaries));
}

fn learn_from(json: &Value, canaries: &Canaries) {
    for (name, value) in json.as_object().into_iter().flatten() {
        match (SECRET.iter().find(|(secret, _)| secret == name), value) {
            (Some((_, kind)), Value::String(secret)) => canaries.plant(kind, secret.as_bytes()),
            _ => learn_from(value, canaries),
        }
    }
}
