//! Goes through a document and writes down what is to change.

use jsonc_parser::ast::{StringLit, Value};

use super::Rewriter;
use super::error::RewriteError;
use super::image::{Form, Image};
use super::json::{At, Edits, each_text, position, texts};
use super::report::{Lack, Replacement, Rewritten, Rule, Unresolved};
use crate::ids::Template;

/// How a value may change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    /// The new value joins the former.
    Add,
    Not(Lack),
    /// The new value takes the place of the former.
    Replace,
}

/// What is to change in a document, and what is to be told of it.
pub(super) struct Scribe<'r, 't> {
    pub(super) rewriter: &'r Rewriter,
    pub(super) edits: Edits,
    what: &'static str,
    text: &'t str,
    pub(super) report: Rewritten,
    is_withheld: bool,
}

impl<'r, 't> Scribe<'r, 't> {
    pub(super) fn new(rewriter: &'r Rewriter, what: &'static str, text: &'t str) -> Self {
        Self { rewriter, edits: Edits::default(), what, text, report: Rewritten::default(), is_withheld: false }
    }
}

impl Scribe<'_, '_> {
    pub(super) fn finish(mut self) -> Rewritten {
        if self.is_withheld {
            let withheld = std::mem::take(&mut self.report.replacements).into_iter();
            let lost = |r: Replacement| Unresolved { at: r.at, value: r.before, lack: Lack::Denied };
            self.report.unresolved.extend(withheld.map(lost));
            self.edits = Edits::default();
        }
        Rewritten { document: self.edits.apply(self.text), ..self.report }
    }

    /// Has the document stay as it is, whatever else of it could change.
    pub(super) fn withhold(&mut self) {
        self.is_withheld = true;
    }

    /// Rewrites a value or a list of values that have one of these forms.
    pub(super) fn values(&mut self, value: &Value<'_>, at: &At<'_>, forms: &[Form], how: How) {
        let rewriter = self.rewriter;
        self.values_by(value, at, how, |text| rewriter.image(text, forms));
    }

    /// Rewrites a value or a list of values, each of which becomes what `image` says.
    pub(super) fn values_by(&mut self, value: &Value<'_>, at: &At<'_>, how: How, mut image: impl FnMut(&str) -> Image) {
        let (values, is_list) = texts(value);
        for (index, text) in &values {
            let pointer = || index.map_or_else(|| at.pointer(), |index| At::Element(at, index).pointer());
            match image(&text.value) {
                Image::Same => {}
                Image::Becomes(image, rule) => self.change(text, pointer(), (image, rule), how, (&values, is_list)),
                other => self.report.note(pointer(), &text.value, &other),
            }
        }
    }

    /// Changes a value, if it may; `present` are all values of the list, if it is one.
    pub(super) fn change(
        &mut self,
        text: &StringLit<'_>,
        at: String,
        (image, rule): (Template, Rule),
        how: How,
        (present, is_list): (&[(Option<usize>, &StringLit<'_>)], bool),
    ) {
        let is_there = || image.known().is_some_and(|image| present.iter().any(|(_, text)| text.value == image));
        match how {
            How::Not(lack) => return self.report.lose(at, &text.value, lack),
            How::Add if is_there() => return,
            How::Add | How::Replace => self.report.replaced(at, &text.value, (&image, rule), how == How::Add),
        }
        match how {
            How::Add if is_list => self.edits.append(text, image),
            How::Add => self.edits.list(text, image),
            How::Not(_) | How::Replace => self.edits.replace(text, image),
        }
    }

    /// Judges what stands where no rule is about it: it stays.
    pub(super) fn unruled(&mut self, value: &Value<'_>, at: &At<'_>) {
        each_text(value, at, &mut |text, at| {
            let image = self.rewriter.image(&text.value, &[]);
            if image != Image::Same {
                self.report.note(at.pointer(), &text.value, &image);
            }
        });
    }

    pub(super) fn malformed(&self, value: &Value<'_>, at: &At<'_>, why: &str) -> RewriteError {
        let (line, column) = position(value, self.text);
        RewriteError::Malformed { what: self.what, at: at.pointer(), line, column, why: why.to_owned() }
    }
}
