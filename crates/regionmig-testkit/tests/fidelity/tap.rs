//! Keeps what goes over the wire between a client and the world.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use regionmig_testkit::World;
use serde_json::json;

/// An HTTP client in front of the world's own.
#[derive(Clone, Debug)]
pub(crate) struct Tap {
    config: SdkConfig,
    inner: SharedHttpClient,
    lines: Arc<Mutex<Vec<String>>>,
    /// What the targets of the service's requests begin with.
    service: &'static str,
}

impl Tap {
    /// Keeps the exchanges of the service whose requests have targets like `TrentService.CreateKey`.
    pub(crate) fn new(world: &World, service: &'static str) -> Self {
        let config = world.sdk_config();
        Self { inner: config.http_client().unwrap(), config, lines: Arc::default(), service }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        self.config.to_builder().http_client(self.clone()).build()
    }

    /// Returns the exchanges so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl HttpClient for Tap {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, parts);
        SharedHttpConnector::new(Tapped { inner, lines: Arc::clone(&self.lines), service: self.service })
    }
}

#[derive(Debug)]
struct Tapped {
    inner: SharedHttpConnector,
    lines: Arc<Mutex<Vec<String>>>,
    service: &'static str,
}

impl HttpConnector for Tapped {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.strip_prefix(self.service).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
        let asked = text(request.body().bytes());
        let (answer, lines) = (self.inner.call(request), Arc::clone(&self.lines));
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if let Some(operation) = operation {
                let line = json!({
                    "operation": operation, "request": asked, "status": answer.status().as_u16(),
                    "answer": text(answer.body().bytes()),
                });
                lines.lock().unwrap().push(line.to_string());
            }
            Ok(answer)
        })
    }
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap()
}
