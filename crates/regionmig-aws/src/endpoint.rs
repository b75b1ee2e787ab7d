//! Refuses to send anything in the clear, unless it stays on this machine.

use std::net::IpAddr;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;
use http::Uri;

/// An endpoint is one that nothing is sent to.
#[derive(Debug, thiserror::Error)]
#[error("`{endpoint}` is not encrypted and not on this machine: set an endpoint that begins with https")]
struct InTheClear {
    endpoint: String,
}

/// Returns the HTTP client of `config`, guarded. Without one, the SDK's default is used, which cannot be: then
/// an endpoint that must not be used is given a client that refuses it.
pub(crate) fn guarded(config: &SdkConfig) -> Option<SharedHttpClient> {
    let inner = config.http_client();
    let refuse = || config.endpoint_url().is_some_and(|endpoint| check(endpoint).is_err());
    (inner.is_some() || refuse()).then(|| SharedHttpClient::new(Guard { inner }))
}

/// Looks at where each request really goes: what the environment, a profile or a service's own settings say
/// of endpoints is not known before.
#[derive(Debug)]
struct Guard {
    inner: Option<SharedHttpClient>,
}

impl HttpClient for Guard {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.as_ref().map(|inner| inner.http_connector(settings, components));
        SharedHttpConnector::new(GuardedConnector { inner })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.as_ref().map_or(Ok(()), |inner| inner.validate_base_client_config(components, config))
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        self.inner.as_ref().map_or(Ok(()), |inner| inner.validate_final_config(components, config))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.as_ref()?.connector_metadata()
    }
}

#[derive(Debug)]
struct GuardedConnector {
    inner: Option<SharedHttpConnector>,
}

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match (check(request.uri()), &self.inner) {
            (Ok(()), Some(inner)) => inner.call(request),
            (Ok(()), None) => refused("no HTTP client is set for this endpoint".into()),
            (Err(error), _) => refused(error.into()),
        }
    }
}

fn refused(error: BoxError) -> HttpConnectorFuture {
    HttpConnectorFuture::ready(Err(ConnectorError::user(error)))
}

fn check(uri: &str) -> Result<(), InTheClear> {
    let safe = uri.parse::<Uri>().is_ok_and(|uri| match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_this_machine),
        _ => false,
    });
    // Path and query are left out: they may name what is nobody else's business.
    let endpoint = || uri.split('?').next().unwrap_or_default().splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    if safe { Ok(()) } else { Err(InTheClear { endpoint: endpoint() }) }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_reached_in_the_clear() {
        for uri in [
            "https://kms.eu-central-1.amazonaws.com/",
            "http://127.0.0.1:4566/",
            "http://127.8.0.1",
            "http://localhost:5000/x?y",
            "http://[::1]:4566/",
            "HTTPS://example.com",
        ] {
            assert!(check(uri).is_ok(), "{uri}");
        }
        for uri in [
            "http://kms.eu-central-1.amazonaws.com/",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://localhost@example.com/",
            "http://127.0.0.1.example.com",
            "http://[fe80::1]/",
            "ftp://127.0.0.1/",
            "127.0.0.1:4566",
            "",
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_refused_endpoint_is_named_without_what_was_asked_there() {
        let shown = check("http://example.com:80/secret?name=x").map_err(|error| error.to_string());
        let expected =
            "`http://example.com:80` is not encrypted and not on this machine: set an endpoint that begins with https";
        assert_eq!(shown, Err(expected.to_owned()));
    }
}
