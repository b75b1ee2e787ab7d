//! The canaries: secrets that are nowhere else, each in all the forms in which it might be written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

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
        let mut all = HashMap::new();
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

/// What is looked for, by its first two bytes.
#[derive(Debug)]
pub(crate) struct Needles {
    all: HashMap<Vec<u8>, &'static str>,
    by_begin: HashMap<[u8; 2], Vec<Vec<u8>>>,
    begins: Vec<bool>,
}

impl Needles {
    fn new(all: HashMap<Vec<u8>, &'static str>) -> Self {
        let (mut by_begin, mut begins) = (HashMap::<[u8; 2], Vec<Vec<u8>>>::new(), vec![false; 1 << 16]);
        for needle in all.keys() {
            let begin = [needle[0], needle[1]];
            begins[usize::from(u16::from_be_bytes(begin))] = true;
            by_begin.entry(begin).or_default().push(needle.clone());
        }
        Self { all, by_begin, begins }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns the kinds of all secrets that a text shows, and a little of what stands around each.
    pub(crate) fn in_text(&self, text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, begin) in text.array_windows::<2>().enumerate() {
            if !self.begins[usize::from(u16::from_be_bytes(*begin))] {
                continue;
            }
            let shown = self.by_begin[begin].iter().find(|needle| text[at..].starts_with(needle));
            if let Some(needle) = shown {
                let around = &text[at.saturating_sub(80)..(at + 40).min(text.len())];
                found.push(format!("{}: ..{}..", self.all[needle], String::from_utf8_lossy(around)));
            }
        }
        found
    }
}
