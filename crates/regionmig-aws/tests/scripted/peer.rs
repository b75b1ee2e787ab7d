//! The other end of the line.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use regionmig_core::{Clock, Timestamp};

/// Answers requests in order with what it was given, and keeps their URIs and bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Peer {
    pub(crate) fn new<T: ToString>(answers: impl IntoIterator<Item = (u16, T)>) -> Self {
        let answers = answers.into_iter().map(|(status, body)| (status, body.to_string())).collect();
        Self { answers: Arc::new(Mutex::new(answers)), requests: Arc::default() }
    }

    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "not-a-secret", None);
        SdkConfig::builder()
            .http_client(self.clone())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }
}

impl HttpClient for Peer {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Peer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.requests.lock().unwrap().push((request.uri().to_owned(), body));
        let (status, body) =
            self.answers.lock().unwrap().pop_front().unwrap_or_else(|| (500, "nothing is left".to_owned()));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

/// A clock that moves only when somebody sleeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Still(Arc<Mutex<Duration>>);

impl Still {
    pub(crate) fn passed(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.passed()
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
        tokio::task::yield_now().await;
    }
}
