//! Makes cases: good ones, and such as differ from a good one in something.

mod asks;
mod claims;
mod cookies;
mod dice;
mod fields;
mod header;
mod options;
mod organization;
mod signature;
mod spelling;
mod token;

pub(crate) use self::cookies::suffix;
use self::{
    claims::Subject,
    cookies::Jar,
    dice::Dice,
    fields::Fields,
    token::{Oddity, Token},
};
use crate::{
    Result,
    case::{Case, Options},
    keys::Signers,
};

/// The case of that number: the same for the same seed, whatever was asked before.
pub(crate) fn case(seed: u64, number: u64, signers: &Signers) -> Result<Case> {
    let mut dice = Dice::of(seed, number);
    let options = options::options(&mut dice);
    let issued_at = dice.weighed(&[
        (90, 1_800_000_000),
        (5, 1_700_000_000),
        (3, 2_147_483_640),
        (2, 2_400_000_000),
        (1, 20),
    ]);
    let maker = Maker {
        signers,
        options: &options,
        issued_at,
    };
    let (headers, token, edges) = match dice.between(0, 99) {
        0..15 => {
            let made = maker.token(&mut dice, "user_alone", 0, 70)?;
            (Fields::new(), Some(made.text), made.edges)
        }
        15..55 => maker.with_header(&mut dice, 70)?,
        55..87 => maker.with_cookies(&mut dice)?,
        87 => return maker.with_places(&mut dice, number),
        88 => maker.with_twins(&mut dice)?,
        89 => return maker.downgrade(&mut dice, number),
        _ => maker.with_both(&mut dice)?,
    };
    Ok(Case {
        number,
        now: now(&mut dice, issued_at, &edges, &options),
        method: dice.weighed(&[(7, "GET"), (2, "POST"), (1, "OPTIONS")]),
        headers,
        token,
        asks: asks::asks(&mut dice),
        options,
    })
}

struct Maker<'a> {
    signers: &'a Signers,
    options: &'a Options,
    issued_at: i64,
}

type Made = (Fields, Option<String>, Vec<i64>);

impl Maker<'_> {
    /// `odd` in a hundred are not as Clerk makes them.
    fn token(&self, dice: &mut Dice, user: &'static str, later: i64, odd: u32) -> Result<Token> {
        let oddity = match dice.percent(odd) {
            true if dice.percent(15) => Oddity::Rare,
            true => Oddity::Some,
            false => Oddity::None,
        };
        self.token_that_is(dice, user, later, oddity)
    }

    fn token_that_is(
        &self,
        dice: &mut Dice,
        user: &'static str,
        later: i64,
        oddity: Oddity,
    ) -> Result<Token> {
        let subject = Subject {
            user,
            issued_at: self.issued_at + later,
        };
        token::token(dice, self.signers, &subject, self.options, oddity)
    }

    fn with_header(&self, dice: &mut Dice, usual: u32) -> Result<Made> {
        let token = self.token(dice, "user_of_header", 0, 65)?;
        let mut headers = fields::company(dice);
        headers.extend(fields::authorization(dice, &token.text, usual));
        Ok((headers, None, token.edges))
    }

    fn with_cookies(&self, dice: &mut Dice) -> Result<Made> {
        let mut headers = fields::company(dice);
        let (cookies, edges) = self.cookies(dice, 40)?;
        headers.extend(cookies);
        Ok((headers, None, edges))
    }

    fn with_both(&self, dice: &mut Dice) -> Result<Made> {
        let (mut headers, _, edges) = self.with_header(dice, 40)?;
        if dice.percent(5) {
            let token = self.token_that_is(dice, "user_of_plain", 0, Oddity::Null)?;
            headers.push(("cookie", format!("__session={}", token.text)));
        } else {
            headers.extend(self.cookies(dice, 15)?.0);
        }
        Ok((headers, None, edges))
    }

    /// A good token whose permissions can be read in two ways.
    fn with_places(&self, dice: &mut Dice, number: u64) -> Result<Case> {
        let token = self.token_that_is(dice, "user_of_header", 0, Oddity::Places)?;
        let mut headers = fields::company(dice);
        headers.push(("authorization", format!("Bearer {}", token.text)));
        Ok(Case {
            number,
            now: self.issued_at * 1000 + dice.between(0, 25_000),
            method: "GET",
            headers,
            token: None,
            asks: asks::of_places(),
            options: self.options.clone(),
        })
    }

    /// Two cookies, the plain one later and odd in what the choice between the two goes by.
    fn with_twins(&self, dice: &mut Dice) -> Result<Made> {
        let plain = self.token_that_is(dice, "user_of_plain", 0, Oddity::Choice)?;
        let suffixed = self.token(dice, "user_of_suffixed", -30, 0)?;
        let jar = Jar {
            plain: Some((&plain.text, self.issued_at)),
            suffixed: Some((&suffixed.text, self.issued_at - 30)),
            publishable_key: &self.options.app.publishable_key,
            is_production: self.options.app.is_production,
        };
        let mut headers = fields::company(dice);
        headers.extend(cookies::cookies(dice, &jar));
        Ok((headers, None, suffixed.edges))
    }

    /// A development instance whose frontend has gone back to one that knows no suffixes: its cookies have ended, and
    /// who is signed in has only the plain ones. In one of two cases after the year 2038.
    fn downgrade(&self, dice: &mut Dice, number: u64) -> Result<Case> {
        let issued_at = dice.one(&[1_800_000_000, 2_400_000_000]);
        let mut options = self.options.clone();
        while options.app.is_production {
            options = options::options(dice);
        }
        let maker = Maker {
            options: &options,
            issued_at,
            ..*self
        };
        let plain = maker.token(dice, "user_of_plain", 0, 0)?;
        let earlier = dice.between(30, 90);
        let suffixed = maker.token(dice, "user_of_suffixed", -earlier, 0)?;
        let suffix = suffix(&options.app.publishable_key);
        let cookies = format!(
            "__session={}; __client_uat=0; __clerk_db_jwt=dvb_1; __session_{suffix}={}; __client_uat_{suffix}={}; \
             __clerk_db_jwt_{suffix}=dvb_1",
            plain.text,
            suffixed.text,
            issued_at - 1000
        );
        let mut headers = fields::company(dice);
        headers.push(("cookie", cookies));
        Ok(Case {
            number,
            now: issued_at * 1000 + dice.between(0, 25_000),
            method: "GET",
            headers,
            token: None,
            asks: Vec::new(),
            options,
        })
    }

    fn cookies(&self, dice: &mut Dice, odd: u32) -> Result<(Fields, Vec<i64>)> {
        let later = dice.one(&[0, 0, 0, -30, 10, -3_600]);
        let plain = self.token(dice, "user_of_plain", 0, odd)?;
        let suffixed = self.token(dice, "user_of_suffixed", later, odd)?;
        let (has_plain, has_suffixed) = dice.weighed(&[
            (35, (true, false)),
            (25, (false, true)),
            (38, (true, true)),
            (2, (false, false)),
        ]);
        // Clerk's frontend writes one token under both names.
        let same = dice.percent(30);
        let of_suffixed = if same {
            (&*plain.text, self.issued_at)
        } else {
            (&*suffixed.text, self.issued_at + later)
        };
        let jar = Jar {
            plain: has_plain.then_some((&*plain.text, self.issued_at)),
            suffixed: has_suffixed.then_some(of_suffixed),
            publishable_key: &self.options.app.publishable_key,
            is_production: self.options.app.is_production,
        };
        let fields = cookies::cookies(dice, &jar);
        let mut edges = plain.edges;
        if has_suffixed && !same {
            edges.extend(suffixed.edges);
        }
        Ok((fields, edges))
    }
}

/// Mostly in the token's life; otherwise where it begins or ends, to the millisecond.
fn now(dice: &mut Dice, issued_at: i64, edges: &[i64], options: &Options) -> i64 {
    let is_reachable = |edge: &&i64| edge.abs() < 100_000_000_000;
    let edges: Vec<i64> = edges.iter().filter(is_reachable).copied().collect();
    if edges.is_empty() || dice.percent(72) {
        return issued_at * 1000 + dice.between(0, 25_000);
    }
    let skew = i64::try_from(options.clock_skew.unwrap_or(5_000)).unwrap_or_default();
    let skew = dice.one(&[-skew, skew, skew, 0]);
    let off = dice.one(&[-1_000, -999, -500, -1, 0, 0, 0, 1, 500, 999, 1_000]);
    dice.one(&edges) * 1000 + skew + off
}
