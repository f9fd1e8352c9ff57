//! The tables of the five services, column for column.

use doorward_domain::Family;

/// What makes the tables of a family.
pub(super) fn tables(family: Family) -> &'static str {
    match family {
        Family::Code => {
            "CREATE TYPE status AS ENUM ('temp', 'banned', 'active', 'deleted', 'suspended');
             CREATE TABLE users (id varchar(36) PRIMARY KEY, nickname varchar UNIQUE, email varchar(254) UNIQUE,
               phone varchar UNIQUE, password varchar(60), first_name varchar, last_name varchar, age int, status status,
               code_attempt int, password_attempt int, code_email varchar, code_phone varchar, password_issue_date timestamp,
               code_email_issue_date timestamp, code_phone_issue_date timestamp, token_issue_date timestamp,
               deletion_date timestamp, registration_date timestamp, last_ip inet);
             CREATE TABLE public_key (version int PRIMARY KEY, public_key text);"
        }
        Family::Confirm => {
            "CREATE TYPE authprovider AS ENUM ('EMAIL', 'GOOGLE', 'APPLE');
             CREATE TABLE users (id serial PRIMARY KEY, uuid uuid UNIQUE, email varchar UNIQUE, is_active bool,
               confirmation_token varchar, hashed_password varchar, first_name varchar, last_name varchar,
               auth_provider authprovider, third_party_id varchar UNIQUE, created_at timestamp, updated_at timestamp);"
        }
        Family::Proof => {
            "CREATE TABLE auth_users (id uuid PRIMARY KEY, email varchar UNIQUE, created_at timestamp,
               last_verified_at timestamp);"
        }
        Family::Session => {
            "CREATE TABLE users (id serial PRIMARY KEY, login varchar(255) UNIQUE, password_hash text,
               created_at timestamptz, last_login timestamptz);"
        }
        Family::Verified => {
            "CREATE TABLE users (id serial PRIMARY KEY, email varchar(320) UNIQUE, full_name varchar, hashed_password varchar,
               created_at timestamptz, is_email_verified bool, email_otp_hash varchar, email_otp_expires_at timestamptz,
               email_otp_attempts int, email_otp_last_sent_at timestamptz);"
        }
        Family::Native => panic!("it has no service"),
    }
}

/// The table of users with the columns that tests give rows for.
pub(super) fn columns(family: Family) -> &'static str {
    match family {
        Family::Code => {
            "users (id, status, email, phone, nickname, password, first_name, last_name, age, registration_date)"
        }
        Family::Confirm => {
            "users (id, uuid, email, is_active, hashed_password, first_name, last_name, auth_provider, third_party_id, \
             created_at)"
        }
        Family::Proof => "auth_users (id, email, created_at, last_verified_at)",
        Family::Session => "users (id, login, password_hash, created_at, last_login)",
        Family::Verified => {
            "users (id, email, full_name, hashed_password, created_at, is_email_verified)"
        }
        Family::Native => panic!("it has no service"),
    }
}
