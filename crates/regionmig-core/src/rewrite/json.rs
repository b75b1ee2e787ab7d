//! A JSON document that is changed in places, and stays as it is elsewhere.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

use jsonc_parser::ast::{ObjectProp, ObjectPropName, StringLit, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};
use serde::de::IgnoredAny;

use super::error::RewriteError;
use crate::ids::Template;

/// No document that AWS takes is longer; the longest is an event of EventBridge (EventBridge user guide, "Quotas").
const LONGEST: usize = 1024 * 1024;

/// JSON as RFC 8259 has it, and nothing else.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a document: what of it stands where. No object of it has two members of one name.
pub(super) fn parse(text: &str) -> Result<Value<'_>, RewriteError> {
    if text.len() > LONGEST {
        return Err(RewriteError::TooLong { has: text.len(), most: LONGEST });
    }
    // Which says best what is wrong.
    serde_json::from_str::<IgnoredAny>(text).map_err(|source| RewriteError::NotJson { source: source.into() })?;
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let not_json = |source: jsonc_parser::errors::ParseError| RewriteError::NotJson { source: source.into() };
    let value = jsonc_parser::parse_to_ast(text, &collect, &STRICT).map_err(not_json)?.value;
    let value = value.ok_or_else(|| RewriteError::NotJson { source: "it is empty".into() })?;
    once(&value, &At::Whole)?;
    Ok(value)
}

/// Fails on the first object that has two members of one name. The parser limits how deep this goes.
fn once(value: &Value<'_>, at: &At<'_>) -> Result<(), RewriteError> {
    match value {
        Value::Object(object) => {
            let names: Vec<&str> = object.properties.iter().map(name).collect();
            if let Some(twice) = twice(&names) {
                return Err(RewriteError::Twice { at: At::Member(at, twice).pointer() });
            }
            object.properties.iter().try_for_each(|member| once(&member.value, &At::Member(at, name(member))))
        }
        Value::Array(array) => {
            array.elements.iter().enumerate().try_for_each(|(index, element)| once(element, &At::Element(at, index)))
        }
        _ => Ok(()),
    }
}

/// Returns the first name that comes a second time.
fn twice<'n>(names: &[&'n str]) -> Option<&'n str> {
    // Most objects have few members, which are compared faster than they are hashed.
    if names.len() <= 8 {
        let mut seconds = names.iter().enumerate().skip(1);
        return seconds.find(|(index, name)| names[..*index].contains(name)).map(|(_, name)| *name);
    }
    let mut seen = HashSet::with_capacity(names.len());
    names.iter().find(|name| !seen.insert(**name)).copied()
}

/// Returns the name of a member.
pub(super) fn name<'v>(member: &'v ObjectProp<'_>) -> &'v str {
    match &member.name {
        ObjectPropName::String(text) => &text.value,
        ObjectPropName::Word(word) => word.value,
    }
}

/// Where in a document something is.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    Element(&'a Self, usize),
    Member(&'a Self, &'a str),
    Whole,
}

impl At<'_> {
    /// Writes it as a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        // Longer ones are rare.
        let mut pointer = String::with_capacity(96);
        self.write(&mut pointer);
        pointer
    }

    fn write(&self, pointer: &mut String) {
        match self {
            Self::Whole => {}
            Self::Element(within, index) => {
                within.write(pointer);
                pointer.push('/');
                // Writing to a string does not fail.
                let _ = write!(pointer, "{index}");
            }
            Self::Member(within, name) => {
                within.write(pointer);
                pointer.push('/');
                match name.contains(['~', '/']) {
                    true => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                    false => pointer.push_str(name),
                }
            }
        }
    }
}

/// Goes through all texts of a document that are values, and not names.
pub(super) fn each_text<'v, 't>(value: &'v Value<'t>, at: &At<'_>, see: &mut impl FnMut(&'v StringLit<'t>, &At<'_>)) {
    match value {
        Value::StringLit(text) => see(text, at),
        Value::Object(object) => {
            object.properties.iter().for_each(|member| each_text(&member.value, &At::Member(at, name(member)), see));
        }
        Value::Array(array) => {
            let elements = array.elements.iter().enumerate();
            elements.for_each(|(index, element)| each_text(element, &At::Element(at, index), see));
        }
        _ => {}
    }
}

/// What is put where, in place of what stands there.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, Template)>);

impl Edits {
    /// Has `value` stand in place of `text`.
    pub(super) fn replace(&mut self, text: &StringLit<'_>, value: &Template) {
        self.0.push((text.range.start..text.range.end, value.json()));
    }

    /// Has `value` stand beside `text`, which is one of a list.
    pub(super) fn append(&mut self, text: &StringLit<'_>, value: &Template) {
        self.insert(text.range.end, Template::from(", ").append(value.json()));
    }

    /// Has a list stand in place of a single `text`: itself, and `values`.
    pub(super) fn list(&mut self, text: &StringLit<'_>, value: &Template) {
        self.insert(text.range.start, Template::from("["));
        self.insert(text.range.end, Template::from(", ").append(value.json()).text("]"));
    }

    pub(super) fn insert(&mut self, at: usize, what: Template) {
        self.0.push((at..at, what));
    }

    /// Writes the document anew: byte for byte as it was, but for the edits.
    pub(super) fn apply(mut self, text: &str) -> Template {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut done = 0;
        let mut document = Template::with_room_for(text.len() + text.len() / 8);
        for (range, value) in self.0 {
            document = document.text(&text[done..range.start]).append(value);
            done = range.end;
        }
        document.text(&text[done..])
    }
}

/// Returns the texts of a value that is one or a list of them, and whether it is a list.
pub(super) fn texts<'v, 't>(value: &'v Value<'t>) -> (Vec<(Option<usize>, &'v StringLit<'t>)>, bool) {
    match value {
        Value::StringLit(text) => (vec![(None, text)], false),
        Value::Array(array) => {
            let mut texts = Vec::with_capacity(array.elements.len());
            texts.extend(array.elements.iter().enumerate().filter_map(|(index, element)| match element {
                Value::StringLit(text) => Some((Some(index), text)),
                _ => None,
            }));
            (texts, true)
        }
        _ => (Vec::new(), false),
    }
}

/// Returns the line and column, from 1, at which a value begins.
pub(super) fn position(value: &Value<'_>, text: &str) -> (usize, usize) {
    let before = &text[..value.range().start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(1, |last| last.chars().count() + 1);
    (line, column)
}
