"""
What the exceptions of the standard library and of our clients' libraries amount to, by name.

Names, so that the core needs none of those libraries. Every exception class of each is listed,
not only the roots: where a library adds one, a test fails until somebody has decided what it
means. Warnings are left out; they are no failures.

    MEANS      the class says it
    ANSWERED   the HTTP status it carries says it; what stands here counts if that says nothing
    WRAPPERS   the exception it carries says it
"""

from contexten import model_errors
from contexten.errors import Category

TRANSIENT = Category.TRANSIENT
AUTHENTICATION = Category.AUTHENTICATION
CLIENT_ERROR = Category.CLIENT_ERROR
SERVER_ERROR = Category.SERVER_ERROR
FATAL = Category.FATAL
UNKNOWN = Category.UNKNOWN

Rows = tuple[tuple[str, Category, str], ...]


def by_name(rows: Rows) -> dict[str, Category]:
    """The category of each qualified name in *rows*, each of a module, a category and names."""
    return {f"{module}.{name}": means for module, means, names in rows for name in names.split()}


STANDARD: Rows = (
    (
        "builtins",
        TRANSIENT,
        """
        BlockingIOError BrokenPipeError ChildProcessError ConnectionAbortedError ConnectionError
        ConnectionRefusedError ConnectionResetError EOFError InterruptedError MemoryError OSError
        ProcessLookupError TimeoutError UnicodeDecodeError
        GeneratorExit KeyboardInterrupt SystemExit
        """,
    ),
    (
        "builtins",
        FATAL,
        """
        FileExistsError FileNotFoundError ImportError IndentationError IsADirectoryError
        ModuleNotFoundError NotADirectoryError NotImplementedError PermissionError SyntaxError
        SystemError TabError
        """,
    ),
    ("builtins", CLIENT_ERROR, "UnicodeEncodeError UnicodeTranslateError"),
    (
        "builtins",
        UNKNOWN,
        """
        ArithmeticError AssertionError AttributeError BaseException BufferError Exception
        FloatingPointError IndexError KeyError LookupError NameError OverflowError
        RecursionError ReferenceError RuntimeError StopAsyncIteration StopIteration TypeError
        UnboundLocalError UnicodeError ValueError Warning ZeroDivisionError
        """,
    ),
    ("asyncio.exceptions", TRANSIENT, "CancelledError IncompleteReadError LimitOverrunError"),
    ("asyncio.exceptions", TRANSIENT, "BrokenBarrierError SendfileNotAvailableError"),
    ("asyncio.exceptions", UNKNOWN, "InvalidStateError"),
    ("asyncio.queues", UNKNOWN, "QueueEmpty QueueFull"),
    ("concurrent.futures._base", TRANSIENT, "CancelledError"),
    ("concurrent.futures._base", UNKNOWN, "Error InvalidStateError"),
    ("concurrent.futures._base", TRANSIENT, "BrokenExecutor"),
    ("concurrent.futures.thread", TRANSIENT, "BrokenThreadPool"),
    ("json.decoder", TRANSIENT, "JSONDecodeError"),
    ("socket", TRANSIENT, "gaierror herror timeout"),
    (
        "ssl",
        TRANSIENT,
        """
        SSLCertVerificationError SSLEOFError SSLError SSLSyscallError SSLWantReadError
        SSLWantWriteError SSLZeroReturnError
        """,
    ),
    ("binascii", TRANSIENT, "Error Incomplete"),
    ("zlib", TRANSIENT, "error"),
    (
        "http.client",
        TRANSIENT,
        """
        BadStatusLine HTTPException ImproperConnectionState IncompleteRead LineTooLong
        RemoteDisconnected ResponseNotReady UnknownProtocol UnknownTransferEncoding
        UnimplementedFileMode CannotSendHeader CannotSendRequest NotConnected
        """,
    ),
    ("http.client", FATAL, "InvalidURL"),
    ("urllib.error", TRANSIENT, "ContentTooShortError URLError"),
)

HTTPX: Rows = tuple(
    row
    for module in ("httpx", "httpcore", "httpx2", "httpcore2")
    for row in (
        (
            module,
            TRANSIENT,
            """
            CloseError ConnectError ConnectTimeout ConnectionNotAvailable DecodingError HTTPError
            NetworkError PoolTimeout ProtocolError ProxyError ReadError ReadTimeout
            RemoteProtocolError RequestError SSEError StreamClosed StreamError TimeoutException
            TransportError WriteError WriteTimeout
            """,
        ),
        (module, FATAL, "InvalidURL LocalProtocolError TooManyRedirects UnsupportedProtocol"),
        (module, UNKNOWN, "CookieConflict RequestNotRead ResponseNotRead StreamConsumed"),
    )
)

REQUESTS: Rows = (
    (
        "requests.exceptions",
        TRANSIENT,
        """
        ChunkedEncodingError ConnectTimeout ConnectionError ContentDecodingError InvalidJSONError
        JSONDecodeError ProxyError ReadTimeout RequestException RetryError SSLError Timeout
        """,
    ),
    (
        "requests.exceptions",
        FATAL,
        """
        InvalidHeader InvalidProxyURL InvalidSchema InvalidURL MissingSchema TooManyRedirects
        URLRequired
        """,
    ),
    ("requests.exceptions", UNKNOWN, "StreamConsumedError UnrewindableBodyError"),
    ("requests.cookies", UNKNOWN, "CookieConflictError"),
    (
        "urllib3.exceptions",
        TRANSIENT,
        """
        BodyNotHttplibCompatible ClosedPoolError ConnectTimeoutError DecodeError EmptyPoolError
        FullPoolError HTTPError HeaderParsingError IncompleteRead InvalidChunkLength
        MaxRetryError NameResolutionError NewConnectionError PoolError ProtocolError ProxyError
        ReadTimeoutError RequestError ResponseError ResponseNotChunked SSLError TimeoutError
        """,
    ),
    (
        "urllib3.exceptions",
        FATAL,
        """
        HostChangedError InvalidHeader LocationParseError LocationValueError ProxySchemeUnknown
        ProxySchemeUnsupported URLSchemeUnknown
        """,
    ),
    ("urllib3.exceptions", UNKNOWN, "TimeoutStateError UnrewindableBodyError"),
    ("urllib3.util.ssl_match_hostname", TRANSIENT, "CertificateError"),
)

GITHUB: Rows = (
    ("github.GithubException", TRANSIENT, "BadAttributeException"),
    ("github.GithubException", AUTHENTICATION, "BadCredentialsException TwoFactorException"),
    ("github.GithubException", CLIENT_ERROR, "IncompletableObject UnknownObjectException"),
    ("github.GithubException", FATAL, "BadUserAgentException"),
    (
        "jwt.exceptions",
        FATAL,
        """
        DecodeError ExpiredSignatureError ImmatureSignatureError InvalidAlgorithmError
        InvalidAudienceError InvalidIssuedAtError InvalidIssuerError InvalidJTIError
        InvalidKeyError InvalidSignatureError InvalidSubjectError InvalidTokenError
        MissingCryptographyError MissingRequiredClaimError PyJWKError PyJWKSetError PyJWTError
        """,
    ),
    ("jwt.exceptions", TRANSIENT, "PyJWKClientConnectionError PyJWKClientError"),
)

SLACK: Rows = (
    ("slack_sdk.errors", AUTHENTICATION, "BotUserAccessError SlackTokenRotationError"),
    ("slack_sdk.errors", CLIENT_ERROR, "SlackObjectFormationError"),
    ("slack_sdk.errors", FATAL, "SlackClientConfigurationError"),
    ("slack_sdk.errors", TRANSIENT, "SlackClientError SlackClientNotConnectedError"),
    ("slack_sdk.errors", TRANSIENT, "SlackRequestError"),
    (
        "aiohttp.client_exceptions",
        TRANSIENT,
        """
        ClientConnectionError ClientConnectionResetError ClientConnectorCertificateError
        ClientConnectorDNSError ClientConnectorError ClientConnectorSSLError ClientError
        ClientHttpProxyError ClientOSError ClientPayloadError ClientProxyConnectionError
        ClientSSLError ConnectionTimeoutError ServerConnectionError ServerDisconnectedError
        ServerTimeoutError SocketTimeoutError UnixClientConnectorError UploadAbortedError
        """,
    ),
    (
        "aiohttp.client_exceptions",
        FATAL,
        """
        InvalidURL InvalidUrlClientError InvalidUrlRedirectClientError NonHttpUrlClientError
        NonHttpUrlRedirectClientError RedirectClientError ServerFingerprintMismatch
        TooManyRedirects
        """,
    ),
    ("aiohttp.client_exceptions", UNKNOWN, "WSMessageTypeError"),
    (
        "aiohttp.http_exceptions",
        TRANSIENT,
        """
        BadHttpMessage BadHttpMethod BadStatusLine ContentEncodingError ContentLengthError
        DecompressSizeError HttpBadRequest HttpProcessingError InvalidHeader InvalidURLError
        LineTooLong PayloadEncodingError TransferEncodingError
        """,
    ),
    ("aiohttp.compression_utils", TRANSIENT, "TooManyMembersError"),
    ("aiohttp._websocket.models", TRANSIENT, "WSHandshakeError WebSocketError"),
    ("aiohttp.payload", UNKNOWN, "LookupError"),
    ("aiohttp.streams", TRANSIENT, "EofStream"),
)

TEMPORAL: Rows = (
    ("temporalio.exceptions", TRANSIENT, "CancelledError ServerError TerminatedError TimeoutError"),
    (
        "temporalio.exceptions",
        CLIENT_ERROR,
        """
        ActivityAlreadyStartedError InvalidVersioningOverrideError
        NexusOperationAlreadyStartedError WorkflowAlreadyStartedError
        """,
    ),
    ("temporalio.exceptions", UNKNOWN, "FailureError TemporalError"),
    (
        "temporalio.client._exceptions",
        TRANSIENT,
        """
        AsyncActivityCancelledError RPCTimeoutOrCancelledError WorkflowContinuedAsNewError
        WorkflowUpdateRPCTimeoutOrCancelledError
        """,
    ),
    (
        "temporalio.client._exceptions",
        CLIENT_ERROR,
        "ScheduleAlreadyRunningError WorkflowQueryFailedError WorkflowQueryRejectedError",
    ),
    ("temporalio.workflow._exceptions", FATAL, "NondeterminismError ReadOnlyContextError"),
    (
        "temporalio.worker.workflow_sandbox._restrictions",
        FATAL,
        "RestrictedWorkflowAccessError UnintentionalPassthroughError",
    ),
    ("temporalio.workflow._workflow_ops", TRANSIENT, "ContinueAsNewError"),
)

MEANS = by_name(
    (*STANDARD, *HTTPX, *REQUESTS, *GITHUB, *SLACK, *TEMPORAL, *model_errors.SAID_BY_CLASS)
)

ANSWERED = by_name(
    (
        ("urllib.error", TRANSIENT, "HTTPError"),
        *((module, TRANSIENT, "HTTPStatusError") for module in ("httpx", "httpx2")),
        ("requests.exceptions", TRANSIENT, "HTTPError"),
        ("github.GithubException", UNKNOWN, "GithubException"),
        ("slack_sdk.errors", CLIENT_ERROR, "SlackApiError"),
        (
            "aiohttp.client_exceptions",
            TRANSIENT,
            "ClientHttpProxyError ClientResponseError ContentTypeError WSServerHandshakeError",
        ),
        ("aiohttp.web_exceptions", UNKNOWN, "HTTPException"),
        *model_errors.SAID_BY_STATUS,
    )
)

WRAPPERS = by_name(
    (
        ("builtins", UNKNOWN, "BaseExceptionGroup ExceptionGroup"),
        ("temporalio.exceptions", UNKNOWN, "ActivityError ChildWorkflowError NexusOperationError"),
        (
            "temporalio.client._exceptions",
            UNKNOWN,
            "ActivityFailureError WorkflowFailureError WorkflowUpdateFailedError",
        ),
        ("temporalio.client._nexus", UNKNOWN, "NexusOperationFailureError"),
    )
)

LIMITS = model_errors.LIMITS | frozenset(
    f"github.GithubException.RateLimitExceeded{what}" for what in ("Exception", "ExceedsMaxWait")
)
"""Those that say that we called too often."""

RPC_CODES = {
    code: means
    for means, codes in {
        TRANSIENT: "ABORTED CANCELLED DEADLINE_EXCEEDED OK RESOURCE_EXHAUSTED UNAVAILABLE",
        AUTHENTICATION: "PERMISSION_DENIED UNAUTHENTICATED",
        CLIENT_ERROR: """
            ALREADY_EXISTS FAILED_PRECONDITION INVALID_ARGUMENT NOT_FOUND OUT_OF_RANGE
        """,
        SERVER_ERROR: "DATA_LOSS INTERNAL UNKNOWN",
        FATAL: "UNIMPLEMENTED",
    }.items()
    for code in codes.split()
}
"""What a status code of gRPC means, which is how Temporal's server refuses."""
