//! Refuses to send anything in the clear, unless it stays on this machine.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use http::Uri;

use crate::attempts;

/// An endpoint is one that nothing is sent to.
#[derive(Debug, thiserror::Error)]
#[error("`{endpoint}` is not encrypted and not on this machine: set an endpoint that begins with https")]
struct InTheClear {
    endpoint: String,
}

/// Makes a client whose requests are refused if they would go out in the clear.
///
/// The HTTP client of `config` is guarded. Without one, the SDK chooses, and its choice cannot be: then the
/// endpoints are looked at while the client is made, and if one must not be used, a client is made that refuses.
pub(crate) fn guarded<C>(config: &SdkConfig, make: &dyn Fn(&SdkConfig) -> C) -> C {
    let with = |guard| make(&config.to_builder().http_client(guard).build());
    if let Some(inner) = config.http_client() {
        return with(Guard { inner: Some(inner) });
    }
    let watch = Watch { inner: config.clone(), seen: Arc::default() };
    let client = make(&config.to_builder().service_config(watch.clone()).build());
    let shared = config.endpoint_url().is_some_and(|endpoint| check(endpoint).is_err());
    match shared || watch.seen.load(Ordering::Relaxed) {
        true => with(Guard { inner: None }),
        false => client,
    }
}

/// Remembers whether the environment or a profile set an endpoint for the service that must not be used.
#[derive(Clone, Debug)]
struct Watch {
    inner: SdkConfig,
    seen: Arc<AtomicBool>,
}

impl LoadServiceConfig for Watch {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let is_endpoint = key.profile() == "endpoint_url";
        let value = self.inner.service_config()?.load_config(key)?;
        if is_endpoint && check(&value).is_err() {
            self.seen.store(true, Ordering::Relaxed);
        }
        Some(value)
    }
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
        attempts::count();
        match (check(request.uri()), &self.inner) {
            (Ok(()), Some(inner)) => inner.call(request),
            (Ok(()), None) => {
                refused("one of the endpoints that are set is not encrypted: unset it, or set an HTTP client".into())
            }
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
