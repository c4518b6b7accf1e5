//! A report: a comparison, and the answers that it gives to the five questions.

use crate::answers::{Answer, answers};
use crate::columns::{Column, Primary};
use crate::compare::{Comparison, compare};
use crate::data::Data;
use crate::gate::Asked;
use tg_stage::Result;

#[derive(Debug)]
pub struct Report<'a> {
    pub comparison: Comparison<'a>,
    pub answers: Vec<Answer>,
}

impl<'a> Report<'a> {
    pub fn new(data: &'a Data, columns: (Vec<Column>, Primary), asked: &Asked) -> Result<Self> {
        let comparison = compare(data, columns, asked)?;
        Ok(Self {
            answers: answers(&comparison),
            comparison,
        })
    }
}
