"""Names of models: `provider:name`, or `http(s)://host:port/v1#name`."""

from dataclasses import dataclass

from manyminds.core.errors import UnknownName, UsageError

__all__ = ["PROVIDERS", "ModelName", "parse_model"]

PROVIDERS = (
    "anthropic", "embedded", "google", "llamacpp", "lmstudio", "ollama", "openai", "openrouter",
    "vllm",
)  # fmt: skip
_ALIASES = {"gemini": "google", "openai-chat": "openai"}


@dataclass(frozen=True, kw_only=True)
class ModelName:
    """A model's name, taken apart."""

    provider: str
    """One of `PROVIDERS`, or `http` for a bare URL."""
    model: str
    base_url: str | None = None
    """For `http` only."""

    def __str__(self) -> str:
        if self.base_url is not None:
            return f"{self.base_url}#{self.model}"
        return f"{self.provider}:{self.model}"


def parse_model(text: str) -> ModelName:
    """Take a name apart.

    Raises:
        UsageError: If it is neither form.
        UnknownName: If there is no such provider.
    """
    if text.startswith(("http://", "https://")):
        url, _, model = text.partition("#")
        if not model:
            raise UsageError(f"model {text!r} lacks its name; write {url or 'http://host/v1'}#NAME")
        return ModelName(provider="http", model=model, base_url=url.rstrip("/"))
    provider, colon, model = text.partition(":")
    provider = _ALIASES.get(provider, provider)
    if not colon or not model:
        raise UsageError(
            f"model {text!r} is not a name; write provider:name or http://host:port/v1#name"
        )
    if provider not in PROVIDERS:
        raise UnknownName("provider", provider, PROVIDERS)
    return ModelName(provider=provider, model=model)
