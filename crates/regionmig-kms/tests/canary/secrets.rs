//! The canaries: secrets that are nowhere else, each in all the forms in which it might be written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aho_corasick::{AhoCorasick, Match, MatchKind};
use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter ones might stand somewhere by chance.
const SHORTEST: usize = 12;

/// So many bytes of a secret are looked for where they might be written as numbers.
const NUMBERS: usize = 16;

/// All secrets that are known of, by kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canaries(Arc<Mutex<BTreeMap<Vec<u8>, &'static str>>>);

impl Canaries {
    /// Adds a secret. One that is a text in base 64 is its bytes, too.
    pub(crate) fn plant(&self, kind: &'static str, secret: &[u8]) {
        if secret.len() >= SHORTEST {
            self.0.lock().unwrap().entry(secret.to_vec()).or_insert(kind);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn kinds(&self) -> BTreeSet<&'static str> {
        self.0.lock().unwrap().values().copied().collect()
    }

    pub(crate) fn needles(&self) -> Needles {
        let canaries = self.0.lock().unwrap();
        let mut all = BTreeMap::new();
        for (secret, kind) in &*canaries {
            all.extend(forms(secret).into_iter().map(|form| (form, *kind)));
            if let Ok(bytes) = STANDARD.decode(secret) {
                all.extend(forms(&bytes).into_iter().filter(|form| form.len() >= SHORTEST).map(|form| (form, *kind)));
            }
        }
        Needles::new(all)
    }
}

/// Every form in which a secret might be written.
pub(crate) fn forms(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let digest = |algorithm: &'static Algorithm| digest::digest(algorithm, secret).as_ref().to_vec();
    let mut forms: BTreeSet<Vec<u8>> = [secret.to_vec(), reversed.clone()].into();
    for bytes in [secret.to_vec(), reversed, digest(&SHA256), digest(&SHA1_FOR_LEGACY_USE_ONLY)] {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = STANDARD_NO_PAD.encode(&bytes);
        let number = |byte: &u8| byte.to_string();
        let numbers: Vec<String> = bytes.iter().take(NUMBERS).map(number).collect();
        let escaped: String = bytes.escape_ascii().to_string();
        let backwards = |text: &str| text.chars().rev().collect::<String>();
        let texts = [
            backwards(&hex),
            hex.to_uppercase(),
            hex,
            backwards(&base64),
            urlencoding::encode(&base64).into_owned(),
            base64,
            URL_SAFE_NO_PAD.encode(&bytes),
            urlencoding::encode_binary(&bytes).into_owned(),
            numbers.join(", "),
            numbers.join(","),
            escaped,
        ];
        forms.extend(texts.map(String::into_bytes));
    }
    forms
}

/// What is looked for, all at once: a text is read through one time, however many secrets there are.
#[derive(Debug)]
pub(crate) struct Needles {
    kinds: Vec<&'static str>,
    all: AhoCorasick,
}

impl Needles {
    fn new(all: BTreeMap<Vec<u8>, &'static str>) -> Self {
        let kinds = all.values().copied().collect();
        let all = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(all.keys());
        Self { kinds, all: all.expect("not too many") }
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Returns the kinds of all secrets that a text shows, and a little of what stands around each.
    pub(crate) fn in_text(&self, text: &[u8]) -> Vec<String> {
        let shown = |found: Match| {
            let around = &text[found.start().saturating_sub(80)..(found.start() + 40).min(text.len())];
            format!("{}: ..{}..", self.kinds[found.pattern()], String::from_utf8_lossy(around))
        };
        self.all.find_iter(text).map(shown).collect()
    }
}
