"""What the exceptions of the libraries amount to that speak to language models, by name."""

from contexten.errors import Category

TRANSIENT, CLIENT_ERROR, FATAL = Category.TRANSIENT, Category.CLIENT_ERROR, Category.FATAL
AUTHENTICATION, UNKNOWN = Category.AUTHENTICATION, Category.UNKNOWN
SERVER_ERROR = Category.SERVER_ERROR

SAID_BY_CLASS = (
    (
        "openai",
        TRANSIENT,
        "APIConnectionError APIError APIResponseValidationError APITimeoutError "
        "WebSocketConnectionClosedError WebSocketQueueFullError",
    ),
    ("openai", AUTHENTICATION, "OAuthError SubjectTokenProviderError"),
    (
        "openai",
        CLIENT_ERROR,
        "ContentFilterFinishReasonError InvalidWebhookSignatureError LengthFinishReasonError",
    ),
    ("openai", FATAL, "OpenAIError"),
    ("langchain_core.exceptions", UNKNOWN, "LangChainException TracerException ModelError"),
    ("langchain_core.exceptions", TRANSIENT, "OutputParserException"),
    ("langchain_core.exceptions", TRANSIENT, "ModelConnectionError ModelTimeoutError"),
    ("langchain_core.exceptions", SERVER_ERROR, "ModelAPIError"),
    ("langchain_core.exceptions", AUTHENTICATION, "ModelAuthenticationError"),
    ("langchain_core.exceptions", AUTHENTICATION, "ModelPermissionDeniedError"),
    ("langchain_core.exceptions", CLIENT_ERROR, "ContextOverflowError ModelInvalidRequestError"),
    ("langchain_core.exceptions", FATAL, "ModelNotFoundError"),
    ("langchain_openai.chat_models.base", CLIENT_ERROR, "OpenAIAPIContextOverflowError"),
    ("langchain_openai.chat_models.base", CLIENT_ERROR, "OpenAIRefusalError"),
)
SAID_BY_STATUS = (
    ("openai", SERVER_ERROR, "APIStatusError InternalServerError"),
    ("openai", AUTHENTICATION, "AuthenticationError PermissionDeniedError"),
    ("openai", CLIENT_ERROR, "BadRequestError ConflictError UnprocessableEntityError"),
    ("openai", FATAL, "NotFoundError"),
)
LIMITS = frozenset({"openai.RateLimitError", "langchain_core.exceptions.ModelRateLimitError"})
