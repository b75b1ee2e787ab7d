//! The other end of the line, which answers with what was recorded.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::{Value, json};

use crate::recording::{Answer, Recording, Take};

/// Plays one take of a recording. The target's region is empty; what was not recorded is denied.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    files: Arc<Mutex<BTreeSet<String>>>,
    recording: Arc<Recording>,
    take: Take,
}

impl Peer {
    pub(crate) fn new(recording: &Arc<Recording>, take: Take) -> Self {
        Self { files: Arc::default(), recording: Arc::clone(recording), take }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "not-a-secret", None);
        SdkConfig::builder()
            .http_client(self.clone())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build()
    }

    /// Returns which files have been sent.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.files.lock().unwrap().clone()
    }

    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let Some(target) = request.headers().get("x-amz-target") else { return self.identity() };
        let operation = target.rsplit('.').next().unwrap_or_default();
        let input: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let is_source = request.uri().contains(self.recording.end.region.as_str());
        let answer = match operation {
            "ListAliases" if !is_source => Some((200, json!({ "Aliases": [], "Truncated": false }))),
            "ListKeys" if !is_source => Some((200, json!({ "Keys": [], "Truncated": false }))),
            _ if !is_source => None,
            "ListKeys" if self.recording.made_up_list(self.take).is_some() => {
                self.recording.made_up_list(self.take).map(|body| (200, body))
            }
            "ListAliases" | "ListKeys" => self.page(operation, &input),
            _ => {
                let id = input["KeyId"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
                self.recording.answer(operation, id, self.take).map(|answer| self.sent(answer))
            }
        };
        let denied = || (400, json!({ "__type": "AccessDeniedException", "message": "not recorded" }));
        let (status, body) = answer.unwrap_or_else(denied);
        (status, body.to_string())
    }

    /// Returns a page of a listing: the one whose marker the one before it had.
    fn page(&self, operation: &str, input: &Value) -> Option<(u16, Value)> {
        let pages = self.recording.pages(operation, self.take);
        let page = match input.get("Marker") {
            Some(marker) => pages.iter().position(|page| page.body["NextMarker"] == *marker)? + 1,
            None => 0,
        };
        pages.get(page).map(|answer| self.sent(answer))
    }

    fn sent(&self, answer: &Answer) -> (u16, Value) {
        self.files.lock().unwrap().insert(answer.file.clone());
        (answer.status, answer.body.clone())
    }

    /// Says of the credentials that they are the account's own.
    fn identity(&self) -> (u16, String) {
        let account = &self.recording.end.account;
        let result =
            format!("<Account>{account}</Account><Arn>arn:aws:iam::{account}:root</Arn><UserId>{account}</UserId>");
        let result = format!("<GetCallerIdentityResult>{result}</GetCallerIdentityResult>");
        (200, format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"))
    }
}

impl HttpClient for Peer {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Peer {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.answer(&request);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}
