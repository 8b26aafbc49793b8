terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "shards" {
  type    = number
  default = 1
}

variable "retention" {
  type    = number
  default = 24
}

variable "tags" {
  type    = map(string)
  default = { team = "mill" }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "AK"
  secret_key                  = "SK"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  skip_region_validation      = true

  endpoints {
    kinesis = var.endpoint
  }
}

resource "aws_kinesis_stream" "orders" {
  name             = "orders"
  shard_count      = var.shards
  retention_period = var.retention
  tags             = var.tags
}

resource "aws_kinesis_stream_consumer" "billing" {
  name       = "billing"
  stream_arn = aws_kinesis_stream.orders.arn
}

output "stream" {
  value = aws_kinesis_stream.orders.arn
}

output "consumer" {
  value = aws_kinesis_stream_consumer.billing.arn
}
