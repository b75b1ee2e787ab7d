//! Rewrites a policy for another region, and shows each change with its reason.
//!
//!     cargo run --example rewrite_policy
//!     cargo run --example rewrite_policy -- key-policy.json --from 111122223333/me-central-1 --to 111122223333/eu-central-1
//!     aws kms get-key-policy --key-id .. --query Policy --output text | cargo run --example rewrite_policy -- -
//!
//! Further options: `--map SOURCE=TARGET` says what an ARN has become, as often as needed; `--add` keeps the source's values beside
//! the new ones; `--pattern` reads an event pattern of EventBridge, and `--json` any JSON; `--quiet` prints the new document alone.
//!
//! Exit codes: 0 rewritten, 2 something names the source still, 1 nothing could be read.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "an example talks to people")]

use std::io::Read;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use regionmig::rewrite::{RewriteError, Rewriter, Rewritten};
use regionmig::{Arn, BoxError, IdMap, ResourceId, Route, chain};
use similar::{ChangeTag, TextDiff};

/// Read where no file is named: a key policy with something of everything.
const SAMPLE: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Administration",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "UseByServices",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::111122223333:role/app-me-central-1", "Service": "logs.me-central-1.amazonaws.com"},
      "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
      "Resource": "*",
      "Condition": {
        "StringEquals": {"kms:ViaService": ["secretsmanager.me-central-1.amazonaws.com", "s3.*.amazonaws.com"]},
        "ArnLike": {"aws:SourceArn": ["arn:aws:sns:me-central-1:111122223333:orders-*", "arn:aws:sns:me-central-1:999988887777:orders"]}
      }
    },
    {
      "Sid": "NotElsewhere",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "kms:*",
      "Resource": "*",
      "Condition": {"StringNotEquals": {"aws:RequestedRegion": "me-central-1"}}
    }
  ]
}
"#;

const REMOVED: Style = AnsiColor::Red.on_default().strikethrough();
const ADDED: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();

fn main() -> ExitCode {
    let done = Options::read(std::env::args().skip(1)).and_then(|options| {
        let text = options.text()?;
        let rewritten = options.rewrite(&text)?;
        match options.is_quiet {
            true => println!("{}", rewritten.document),
            false => show(&text, &rewritten),
        }
        Ok(if rewritten.unresolved.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
    });
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", chain(&*error));
        ExitCode::FAILURE
    })
}

type Rewrite = fn(&Rewriter, &str) -> Result<Rewritten, RewriteError>;

struct Options {
    file: Option<String>,
    source: String,
    target: String,
    ids: IdMap,
    is_adding: bool,
    is_quiet: bool,
    rewrite: Rewrite,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut options = Self {
            file: None,
            source: "111122223333/me-central-1".to_owned(),
            target: "111122223333/eu-central-1".to_owned(),
            ids: IdMap::default(),
            is_adding: false,
            is_quiet: false,
            rewrite: Rewriter::policy,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--from" => options.source = value()?,
                "--to" => options.target = value()?,
                "--map" => options.map(&value()?)?,
                "--add" => options.is_adding = true,
                "--quiet" => options.is_quiet = true,
                "--pattern" => options.rewrite = Rewriter::event_pattern,
                "--json" => options.rewrite = Rewriter::json,
                option if option.starts_with("--") => return Err(format!("there is no option {option}").into()),
                file => options.file = Some(file.to_owned()),
            }
        }
        Ok(options)
    }

    fn map(&mut self, pair: &str) -> Result<(), BoxError> {
        let (source, target) = pair.split_once('=').ok_or("--map wants SOURCE=TARGET, two ARNs")?;
        let (source, target): (Arn, Arn) = (source.parse()?, target.parse()?);
        Ok(self.ids.bind_erased(ResourceId::of(&source), target.as_str())?)
    }

    fn text(&self) -> Result<String, BoxError> {
        let Some(file) = &self.file else { return Ok(SAMPLE.to_owned()) };
        let mut text = String::new();
        match file.as_str() {
            "-" => std::io::stdin().read_to_string(&mut text).map_err(|error| format!("reading stdin: {error}"))?,
            file => {
                text = std::fs::read_to_string(file).map_err(|error| format!("reading {file}: {error}"))?;
                text.len()
            }
        };
        Ok(text)
    }

    fn rewrite(&self, text: &str) -> Result<Rewritten, BoxError> {
        let route = Route::new(self.source.parse()?, self.target.parse()?)?;
        let rewriter = Rewriter::new(&route, &self.ids);
        let rewriter = if self.is_adding { rewriter.adding() } else { rewriter };
        Ok((self.rewrite)(&rewriter, text)?)
    }
}

fn show(text: &str, rewritten: &Rewritten) {
    let document = rewritten.document.to_string();
    // Of a document in one line, the line says nothing: then its texts are compared.
    if text.trim_end().contains('\n') {
        lines(text, &document);
    } else {
        texts(text, &document);
    }
    for replacement in &rewritten.replacements {
        anstream::println!("{ADDED}changed{ADDED:#} {replacement}");
    }
    for unresolved in &rewritten.unresolved {
        anstream::println!("{WARNING}decide{WARNING:#}  {unresolved}");
    }
    for kept in &rewritten.kept {
        anstream::println!("stays   {kept}");
    }
    if rewritten.is_unchanged() {
        println!("nothing changed");
    }
}

fn lines(text: &str, document: &str) {
    for hunk in TextDiff::from_lines(text, document).unified_diff().context_radius(1).iter_hunks() {
        println!("{}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', REMOVED),
                ChangeTag::Equal => (' ', Style::new()),
                ChangeTag::Insert => ('+', ADDED),
            };
            anstream::println!("{style}{sign}{}{style:#}", change.value().trim_end_matches('\n'));
        }
    }
}

fn texts(text: &str, document: &str) {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (text.split_inclusive('"').collect(), document.split_inclusive('"').collect());
    for change in TextDiff::from_slices(&before, &after).iter_all_changes() {
        match change.tag() {
            ChangeTag::Delete => anstream::print!("{REMOVED}[-{}-]{REMOVED:#}", change.value()),
            ChangeTag::Equal => anstream::print!("{}", change.value()),
            ChangeTag::Insert => anstream::print!("{ADDED}{{+{}+}}{ADDED:#}", change.value()),
        }
    }
    println!();
}
