//! Two keys and the words of the command line, for the examples that re-encrypt: on a world of their own, or on real AWS with
//! `--features live -- --live`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

#[cfg(feature = "live")]
use regionmig::Access;
use regionmig::kms::Kms;
use regionmig::reencrypt::EncryptionContext;
use regionmig::{BoxError, KeyArn, NameError, chain};
use regionmig_testkit::World;

/// What an example works with.
pub(crate) struct Keys {
    pub(crate) kms: Kms,
    /// What everything is encrypted under.
    pub(crate) old: KeyArn,
    /// What it shall be encrypted under.
    pub(crate) new: KeyArn,
    pub(crate) words: Words,
    /// Whether it runs on a world, and so must make what it works on.
    pub(crate) is_world: bool,
}

/// The command line: `--option value`, `--switch`, and what stands by itself.
#[derive(Default)]
pub(crate) struct Words {
    options: BTreeMap<String, Vec<String>>,
    pub(crate) free: Vec<String>,
}

impl Words {
    /// Reads the command line, which may have these options and these switches.
    pub(crate) fn read(options: &[&str], switches: &[&str]) -> Result<Self, String> {
        let mut words = Self::default();
        let mut rest = std::env::args().skip(1);
        while let Some(word) = rest.next() {
            if switches.contains(&word.as_str()) {
                words.options.entry(word).or_default();
            } else if options.contains(&word.as_str()) {
                let value = rest.next().ok_or_else(|| format!("{word} wants a value"))?;
                words.options.entry(word).or_default().push(value);
            } else if word.starts_with("--") {
                return Err(format!("{word} is none of {}", [options, switches].concat().join(", ")));
            } else {
                words.free.push(word);
            }
        }
        Ok(words)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.options.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }

    /// Reads `--context NAME=VALUE`, as often as it is there.
    pub(crate) fn context(&self) -> Result<EncryptionContext, String> {
        let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pairs = self
            .all("--context")
            .iter()
            .map(|text| pair(text).ok_or_else(|| format!("--context wants NAME=VALUE, not {text}")));
        pairs.collect()
    }
}

/// Runs `job` with two keys: those of `--from` and `--to`, or two of a world.
///
/// Exit codes: what `job` says; 1 an error; 2 the command line is not understood.
pub(crate) async fn run(
    options: &[&str],
    switches: &[&str],
    job: impl AsyncFnOnce(Keys) -> Result<ExitCode, BoxError>,
) -> ExitCode {
    let options = [options, &["--from", "--to", "--profile"]].concat();
    let words = Words::read(&options, &[switches, &["--live"]].concat());
    let keys = match words {
        Ok(words) if words.has("--live") => on_aws(words).await,
        Ok(words) => on_world(words),
        Err(usage) => Err(usage),
    };
    match keys {
        Ok(keys) => job(keys).await.unwrap_or_else(|error| {
            eprintln!("error: {}", chain(&*error));
            ExitCode::from(1)
        }),
        Err(usage) => {
            eprintln!("error: {usage}");
            ExitCode::from(2)
        }
    }
}

/// An empty folder for what an example makes. On a world each run begins anew.
pub(crate) fn scratch(name: &str) -> Result<PathBuf, BoxError> {
    let folder = std::env::temp_dir().join(format!("regionmig-{name}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn on_world(words: Words) -> Result<Keys, String> {
    let world = World::new();
    let key = |end: &str, alias: &str| -> Result<KeyArn, String> {
        let end = end.parse().map_err(|error: NameError| error.to_string())?;
        Ok(world.kms(&end).alias(alias).make())
    };
    let old = key("111122223333/me-central-1", "alias/old")?;
    let new = key("111122223333/eu-central-1", "alias/new")?;
    Ok(Keys { kms: Kms::new(&world.access()), old, new, words, is_world: true })
}

#[cfg(feature = "live")]
async fn on_aws(words: Words) -> Result<Keys, String> {
    let key = |name: &str| {
        let text = words.one(name).ok_or_else(|| format!("on real AWS, {name} wants the ARN of a key"))?;
        text.parse().map_err(|error: NameError| error.to_string())
    };
    let (old, new): (KeyArn, KeyArn) = (key("--from")?, key("--to")?);
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    if let Some(profile) = words.one("--profile") {
        loader = loader.profile_name(profile);
    }
    let access = Access::new(&loader.load().await);
    Ok(Keys { kms: Kms::new(&access), old, new, words, is_world: false })
}

#[cfg(not(feature = "live"))]
async fn on_aws(_: Words) -> Result<Keys, String> {
    Err("--live wants a TLS stack: run with `--features live`".to_owned())
}
