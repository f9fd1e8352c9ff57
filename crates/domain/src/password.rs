//! What a password must look like where it is set.
//!
//! Checking one against a stored hash knows no rules: a right password is right whatever it is made of.

/// A family's composition rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Fewest Unicode code points.
    pub min: usize,
    /// Most Unicode code points; longer ones are refused before any hash.
    pub max: usize,
    /// Whether an upper-case letter, a lower-case letter and a digit are demanded, in this order of complaint.
    pub mixed: bool,
}

/// The first rule that a password breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer code points than this.
    #[error("Password must be at least {0} characters long")]
    TooShort(usize),
    /// More code points than this.
    #[error("Password must be at most {0} characters long")]
    TooLong(usize),
    /// No upper-case letter.
    #[error("Password must contain at least one uppercase letter")]
    NoUpper,
    /// No lower-case letter.
    #[error("Password must contain at least one lowercase letter")]
    NoLower,
    /// No digit.
    #[error("Password must contain at least one digit")]
    NoDigit,
}

impl PasswordRules {
    /// The first complaint about `password`, if there is one.
    pub fn check(&self, password: &str) -> Result<(), PasswordFault> {
        let length = password.chars().count();
        if length < self.min {
            return Err(PasswordFault::TooShort(self.min));
        }
        if length > self.max {
            return Err(PasswordFault::TooLong(self.max));
        }
        if !self.mixed {
            return Ok(());
        }
        if !password.chars().any(char::is_uppercase) {
            return Err(PasswordFault::NoUpper);
        }
        if !password.chars().any(char::is_lowercase) {
            return Err(PasswordFault::NoLower);
        }
        if !password.chars().any(|c| c.is_ascii_digit()) {
            return Err(PasswordFault::NoDigit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_come_in_the_documented_order() {
        let rules = PasswordRules {
            min: 8,
            max: 128,
            mixed: true,
        };
        assert_eq!(rules.check("Abc1"), Err(PasswordFault::TooShort(8)));
        assert_eq!(rules.check("abcdefgh"), Err(PasswordFault::NoUpper));
        assert_eq!(rules.check("ABCDEFGH"), Err(PasswordFault::NoLower));
        assert_eq!(rules.check("Abcdefgh"), Err(PasswordFault::NoDigit));
        assert_eq!(rules.check("Abcdefg1"), Ok(()));
        assert_eq!(
            rules.check(&"Ab1".repeat(43)),
            Err(PasswordFault::TooLong(128))
        );
    }

    #[test]
    fn length_is_counted_in_code_points() {
        let rules = PasswordRules {
            min: 6,
            max: 6,
            mixed: false,
        };
        assert_eq!(rules.check("пароль"), Ok(()));
        assert_eq!(rules.check("🔑🔑🔑🔑🔑🔑"), Ok(()));
    }
}
